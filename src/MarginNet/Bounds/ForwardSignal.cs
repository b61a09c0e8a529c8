namespace MarginNet.Bounds;

/// <summary>What is known of the features between two layers, as bounds that grow with the length s of the input.</summary>
/// <param name="Format">The numbers the network computes with.</param>
/// <param name="Norm">Of the features in exact arithmetic, in ℓ2.</param>
/// <param name="Error">Of their distance to those that are computed.</param>
/// <param name="Peak">Of every number met so far on the way: nothing is known any more where it may overflow.</param>
internal sealed record ForwardSignal(FloatFormat Format, AffineBound Norm, AffineBound Error, AffineBound Peak)
{
    /// <summary>A bound of the features as they are computed.</summary>
    public AffineBound Reached => Norm + Error;

    /// <summary>What a layer makes of it.</summary>
    /// <param name="norm">The bound of its output in exact arithmetic.</param>
    /// <param name="error">That of the distance to what is computed.</param>
    /// <param name="peak">That of every number on the way.</param>
    public ForwardSignal Next(AffineBound norm, AffineBound error, AffineBound peak = default) =>
        new(Format, norm, error, Peak.Or(peak).Or(norm + error));

    /// <summary>After numbers that are exact, or off by some units of u of what they are.</summary>
    /// <param name="slope">The Lipschitz constant of the map, which leaves 0 where it is.</param>
    /// <param name="roundings">The units.</param>
    /// <param name="count">The numbers.</param>
    public ForwardSignal Through(double slope, double roundings, long count) =>
        Next(Norm * slope, (Error * slope) + Format.Roundings(roundings, Reached * slope, count));
}
