using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>The conjunctions of all queries as tensors in float32, each with its box: what an attack may aim at.</summary>
internal sealed class Targets
{
    private const float Rounding = 1e-5f;

    private readonly Tensor _lower; // [queries, inputs]
    private readonly Tensor _upper;
    private readonly Tensor _query; // [targets]
    private readonly Tensor _weights; // [targets, rows, outputs]; rows that are not there are 0·y ≤ ∞.
    private readonly Tensor _limits; // [targets, rows]

    /// <param name="property">The property.</param>
    /// <param name="device">Where to keep them.</param>
    public Targets(Property property, Device device)
    {
        Query[] queries = [.. property.Queries.Where(query => FloatBox.Gap(query) is null)];
        (int Query, Conjunction Unsafe)[] all = [.. queries.SelectMany((query, i) => query.Unsafe.Select(conjunction => (i, conjunction)))];
        Queries = [.. all.Select(target => target.Query)];
        RowCount = all.Length == 0 ? 0 : all.Max(target => target.Unsafe.Limits.Length);
        Roundings = [.. all.Select(target => Rounding * (1 + target.Unsafe.Limits.Max(limit => (float)Math.Abs(limit))))];
        var (inputs, outputs) = (property.InputCount, property.OutputCount);
        var (weights, limits) = (new float[all.Length * RowCount * outputs], new float[all.Length * RowCount]);
        Array.Fill(limits, float.PositiveInfinity);
        for (var i = 0; i < all.Length; i++)
        {
            for (var row = 0; row < all[i].Unsafe.Limits.Length; row++)
            {
                limits[(i * RowCount) + row] = (float)all[i].Unsafe.Limits[row];
                var from = all[i].Unsafe.Weights[row];
                for (var j = 0; j < outputs; j++)
                {
                    weights[(((i * RowCount) + row) * outputs) + j] = (float)from[j];
                }
            }
        }

        Tensor Box(Func<Query, IEnumerable<float>> bounds) =>
            tensor(queries.SelectMany(bounds).ToArray(), [queries.Length, inputs], device: device);
        (_lower, _upper) =
            (Box(query => query.Lower.Select(FloatBox.AtLeast)), Box(query => query.Upper.Select(FloatBox.AtMost)));
        _query = tensor(Array.ConvertAll([.. Queries], query => (long)query), device: device);
        _weights = tensor(weights, [all.Length, RowCount, outputs], device: device);
        _limits = tensor(limits, [all.Length, RowCount], device: device);
    }

    /// <summary>The query of each target.</summary>
    public ImmutableArray<int> Queries { get; }

    /// <summary>How far an excess of each target may be from that of other kernels.</summary>
    public ImmutableArray<float> Roundings { get; }

    /// <summary>The most rows that a target has.</summary>
    public int RowCount { get; }

    /// <summary>The boxes of targets, each [n, inputs].</summary>
    public (Tensor Lower, Tensor Upper) Boxes(Tensor targets)
    {
        var queries = _query.index_select(0, targets);
        return (_lower.index_select(0, queries), _upper.index_select(0, queries));
    }

    /// <summary>How far outputs are from each its target: the largest a·y − b, [n].</summary>
    public Tensor Excess(Tensor outputs, Tensor targets) =>
        (_weights.index_select(0, targets).bmm(outputs.unsqueeze(2)).squeeze(2) - _limits.index_select(0, targets)).amax(1);

    /// <summary>How far all outputs are from one target, [n].</summary>
    public Tensor ExcessOfAll(Tensor outputs, int target) => (outputs.mm(_weights[target].t()) - _limits[target]).amax(1);
}
