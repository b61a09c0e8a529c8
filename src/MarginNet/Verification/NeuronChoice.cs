using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>Which neuron to split: of those that have the most to gain by the bound's own coefficients (Bunel et al., 2020), the one whose
/// worse half has the best bound as it is (De Palma et al., 2021).</summary>
internal static class NeuronChoice
{
    private const int Tried = 4; // Neurons of each subproblem.

    /// <summary>Chooses.</summary>
    /// <param name="gates">The gates.</param>
    /// <param name="all">The subproblems.</param>
    /// <param name="batch">The most subproblems to be bounded at once.</param>
    /// <param name="enough">A bound above this is as good as any.</param>
    /// <returns>One neuron for each; null where none is left.</returns>
    public static (int Step, int Neuron)?[] Choose(GateBatch gates, SubproblemBatch all, int batch, double enough)
    {
        using var scope = NewDisposeScope();
        var count = all.Count;
        var x = all.Clamped;
        using var bounds = gates.With(x);
        var visited = new Dictionary<int, Tensor>();
        bounds.Backward(bounds.Graph.Output, all.Rows, gates.Choices(all), (step, a) => visited[step] = a);
        var a = gates.Join(visited, count);
        var undecided = x.Lower.IsBelow(0).logical_and(x.Upper.IsAbove(0)).logical_and(gates.CanSplit);
        // What the line above a gate costs, and what the line below does where the neuron is farthest from it.
        var above = a.AtMost(0).neg() * (-(x.Lower * x.Upper) / (x.Upper - x.Lower).AtLeast(1e-30));
        var below = a.relu() * (all.Shares * -x.Lower).minimum(all.Shares.neg().Plus(1) * x.Upper);
        var gain = where(undecided, above.Plus(below.Times(0.5)), a.AllOf(-1));
        var tried = (int)Math.Min(Tried, gain.shape[1]);
        var (best, places) = gain.topk(tried, 1);
        var gains = best.to(ScalarType.Float64).data<double>().ToArray();
        var candidates = places.data<long>().ToArray();
        var values = Try(gates, all, places, batch);
        var chosen = new (int, int)?[count];
        for (var i = 0; i < count; i++)
        {
            var (top, at) = (double.NegativeInfinity, -1L);
            for (var k = i * tried; k < (i + 1) * tried; k++)
            {
                var (one, other) = (values[2 * k], values[(2 * k) + 1]);
                var value = Math.Min(one, other) + (0.1 * Math.Min(Math.Max(one, other), enough));
                if (gains[k] >= 0 && (at < 0 || value > top))
                {
                    (top, at) = (value, candidates[k]);
                }
            }

            chosen[i] = at < 0 ? null : gates.At((int)at);
        }

        return chosen;
    }

    /// <summary>The bounds of both halves for each candidate, as they are without optimising, in one list.</summary>
    private static List<double> Try(GateBatch gates, SubproblemBatch all, Tensor places, int batch)
    {
        var values = new List<double>();
        var tried = places.shape[1];
        var part = Math.Max(1, batch / (2 * tried));
        for (long start = 0; start < all.Count; start += part)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(part, all.Count - start);
            var halves = all.Repeat(start, count, 2 * tried);
            var at = places.narrow(0, start, count).reshape(-1).repeat_interleave(2).unsqueeze(1);
            var sides = tensor([1.0, -1.0]).to(halves.Signs.dtype).repeat(count * tried).unsqueeze(1);
            halves = halves with { Signs = halves.Signs.scatter(1, at, sides) };
            using var bounds = gates.With(halves.Clamped);
            var lower = bounds.Lower(bounds.Graph.Output, halves.Rows, gates.Choices(halves));
            values.AddRange(lower.flatten().to(ScalarType.Float64).data<double>().ToArray());
        }

        return values;
    }
}
