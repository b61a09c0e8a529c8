using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>Counterexamples: inputs at which a network in double precision is unsafe, asked to hold where it is run.</summary>
/// <remarks>One by a narrow margin is kept, and a while is given to find a clearer one: other programs may round it the other
/// way.</remarks>
/// <param name="query">The query.</param>
/// <param name="chain">The network.</param>
/// <param name="conjunctions">The rows of each conjunction.</param>
/// <param name="confirm">Whether one holds; asked by one thread at a time.</param>
internal sealed class Witnesses(
    Query query, DenseChain chain, ImmutableArray<ImmutableArray<int>> conjunctions, Func<double[], bool> confirm)
{
    /// <summary>How far beyond its limits a clear counterexample is.</summary>
    public const double Clear = 1e-5;

    // Counterexamples are run in float32, where there are such numbers in the box.
    private readonly double[] _least = [.. query.Lower.Select((_, j) => Ends(query, j).Least)];
    private readonly double[] _most = [.. query.Lower.Select((_, j) => Ends(query, j).Most)];
    private readonly Lock _lock = new();
    private double _refuted; // The least excess of those that did not hold.

    /// <summary>The clearest that holds, shape [inputs]; null where there is none yet.</summary>
    public double[]? Best { get; private set; }

    /// <summary>How far from being unsafe it is: not above 0.</summary>
    public double Excess { get; private set; } = double.PositiveInfinity;

    /// <summary>How many did not hold.</summary>
    public int Refuted { get; private set; }

    /// <summary>Whether one is found that nobody will doubt.</summary>
    public bool IsClear => Volatile.Read(ref _isClear);

    private bool _isClear;

    /// <summary>Looks at a point.</summary>
    /// <param name="point">The point, shape [inputs], which is moved to numbers of float32.</param>
    /// <param name="values">Room for <see cref="DenseChain.Run"/>.</param>
    /// <returns>How far it is from being unsafe: the least of the conjunctions' largest rows.</returns>
    public double Try(Span<double> point, Span<double> values)
    {
        for (var j = 0; j < point.Length; j++)
        {
            var single = (double)(float)point[j];
            point[j] = single < _least[j] ? _least[j] : single > _most[j] ? _most[j] : single;
        }

        chain.Run(point, values);
        var excess = double.PositiveInfinity;
        foreach (var conjunction in conjunctions)
        {
            var largest = double.NegativeInfinity;
            foreach (var row in conjunction)
            {
                largest = Math.Max(largest, values[row]);
            }

            // A NaN is no counterexample.
            excess = largest < excess ? largest : excess;
        }

        if (excess <= 0 && excess < Excess)
        {
            Offer(point.ToArray(), excess);
        }

        return excess;
    }

    private void Offer(double[] point, double excess)
    {
        lock (_lock)
        {
            if (excess >= Excess || (Refuted > 0 && excess >= _refuted) || IsClear)
            {
                return;
            }

            if (!confirm(point))
            {
                (Refuted, _refuted) = (Refuted + 1, excess);
                return;
            }

            (Best, Excess) = (point, excess);
            Volatile.Write(ref _isClear, excess <= -Clear);
        }
    }

    private static (double Least, double Most) Ends(Query query, int j)
    {
        var (least, most) = (FloatBox.AtLeast(query.Lower[j]), FloatBox.AtMost(query.Upper[j]));
        return least <= most ? (least, most) : (query.Lower[j], query.Upper[j]);
    }
}
