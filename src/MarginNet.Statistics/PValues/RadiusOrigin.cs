using MarginNet.Attacks;

namespace MarginNet.PValues;

/// <summary>What the class-purity radii of a null model were proven by, and of what.</summary>
/// <param name="Method">How each radius is proven, such as <c>lipschitz</c>.</param>
/// <param name="Network">A hash of the network.</param>
/// <param name="Constant">A number by which other bounds of the same network can be told, such as the sum of its
/// Lipschitz constants, or by what share radii that are searched for are apart.</param>
public sealed record RadiusOrigin(string Method, string Network, double Constant)
{
    private const double Tolerance = 1e-6; // The same bounds on another machine are off by roundings.

    /// <summary>How distances are measured. Default <see cref="AttackNorm.L2"/>.</summary>
    public AttackNorm Norm { get; init; } = AttackNorm.L2;

    /// <summary>Whether only the points of balls with pixels in [0, 1] count. Default false.</summary>
    public bool IsCut { get; init; }

    /// <summary>Whether radii are comparable: by the same method in the same norm, of the same network, and by the same bounds up to
    /// rounding.</summary>
    /// <param name="other">What other radii are proven by.</param>
    public bool IsLike(RadiusOrigin other) =>
        (Method, Network, Norm, IsCut) == (other.Method, other.Network, other.Norm, other.IsCut)
        && (Constant == other.Constant || Math.Abs(Constant - other.Constant) <= Tolerance * Math.Abs(Constant));
}
