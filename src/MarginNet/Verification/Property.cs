using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>What is asked of a network: it is violated where any of the queries is.</summary>
/// <param name="Queries">The queries, one or more, all of as many inputs and outputs.</param>
#pragma warning disable CA1716 // Identifiers should not match keywords: it is the field's word.
public sealed record Property(ImmutableArray<Query> Queries)
#pragma warning restore CA1716
{
    /// <summary>The number of inputs.</summary>
    public int InputCount => Queries[0].Lower.Length;

    /// <summary>The number of outputs.</summary>
    public int OutputCount => Queries[0].Unsafe[0].Weights[0].Length;

    /// <summary>Whether an input and its outputs violate it.</summary>
    /// <param name="input">The input x, shape [inputs].</param>
    /// <param name="outputs">The outputs y, shape [outputs].</param>
    public bool IsViolatedBy(ReadOnlySpan<double> input, ReadOnlySpan<double> outputs)
    {
        foreach (var query in Queries)
        {
            if (query.IsViolatedBy(input, outputs))
            {
                return true;
            }
        }

        return false;
    }
}
