using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>Balls in ℓ2 that a value is in, one for each set.</summary>
/// <param name="Center">What it is at the centres of the sets, shape [N, …].</param>
/// <param name="Radius">How far it can be from there, shape [N].</param>
internal readonly record struct ValueBall(Tensor Center, Tensor Radius)
{
    /// <summary>Keeps both beyond the dispose scope.</summary>
    public ValueBall MoveToOuterDisposeScope() => new(Center.MoveToOuterDisposeScope(), Radius.MoveToOuterDisposeScope());
}
