using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>A part of a query's box that is not decided.</summary>
/// <param name="Lower">The least of each input, shape [inputs].</param>
/// <param name="Upper">The largest of each input.</param>
/// <param name="Alive">The conjunctions that may hold in it.</param>
/// <param name="Splits">What is known of neurons in it; their step is the layer.</param>
/// <param name="Depth">The splits that led to it.</param>
/// <param name="Excess">How far its centre is from being unsafe: those that are nearest are looked at first.</param>
internal sealed record Cell(
    double[] Lower, double[] Upper, ImmutableArray<int> Alive, ImmutableArray<Split> Splits, int Depth, double Excess);
