namespace MarginNet.Relaxations;

/// <summary>What of rounding a bound has to cover.</summary>
/// <param name="Bounds">The unit roundoff of the arithmetic that bounds are computed in; 0 where they prove nothing.</param>
/// <param name="Network">That of the arithmetic which the network is run in, with sums in any order; 0 for the network of exact
/// numbers.</param>
internal readonly record struct RoundingModel(double Bounds, double Network)
{
    /// <summary>Of bounds in double precision of the network as its formulas say.</summary>
    public static RoundingModel Exact { get; } = new(MarginNet.Bounds.Rounding.Unit, 0);

    /// <summary>Of bounds in double precision of the network as it is run in float32.</summary>
    public static RoundingModel Single { get; } = new(MarginNet.Bounds.Rounding.Unit, 5.9604645e-8);

    /// <summary>Of bounds that are looked for, and prove nothing.</summary>
    public static RoundingModel None { get; }

    /// <summary>The largest number that the network's arithmetic takes for a number.</summary>
    public double Most => Network > 0 ? 3.4e38 : double.MaxValue;

    /// <summary>Whether bounds prove something.</summary>
    public bool IsProof => Bounds > 0;

    /// <summary>The share of Σ|products| that a sum of so many may be off by: in the network's forward pass, and in the way back
    /// here.</summary>
    public double Share(long terms) => (1.01 * Network * (terms + 2)) + (4 * Bounds * (terms + 2));
}
