using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>Lines that a function of one number lies between, on the interval that the number is in.</summary>
/// <param name="LowerSlope">Slopes of the lines below, shape [N, …] or [R, N, …].</param>
/// <param name="LowerOffset">Their values at 0; null where all are 0.</param>
/// <param name="UpperSlope">Slopes of the lines above.</param>
/// <param name="UpperOffset">Their values at 0.</param>
internal readonly record struct Lines(Tensor LowerSlope, Tensor? LowerOffset, Tensor UpperSlope, Tensor UpperOffset)
{
    /// <summary>The least slope that a line below may have; null where its offset goes with the slope.</summary>
    public Tensor? LeastSlope { get; init; }

    /// <summary>By how much more it may rise.</summary>
    public Tensor? SlopeRoom { get; init; }
}
