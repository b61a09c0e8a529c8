using MarginNet.Graph;
using MarginNet.Native;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>
/// Proves that a query has no counterexample by splitting neurons: bounds of all values at the root, with optimised slopes as far as time
/// allows, and of each conjunction the row that is nearest to being impossible.
/// </summary>
internal sealed class NeuronProof : IDisposable
{
    private const double RefinedShare = 0.2; // Of the time.

    private const long MostRefined = 2048; // Gates.

    private readonly RelaxedGraph _fast;
    private readonly RelaxedGraph _precise;

    /// <param name="graph">The network.</param>
    /// <exception cref="NotSupportedException">Of an operation no bounds are known.</exception>
    public NeuronProof(NetworkGraph graph)
    {
        _fast = RelaxedGraph.Of(graph, ScalarType.Float32);
        _precise = RelaxedGraph.Of(graph, ScalarType.Float64);
    }

    /// <summary>The subproblems that were bounded so far.</summary>
    public long Bounded { get; private set; }

    /// <summary>How all that was asked for so far was proven.</summary>
    public VerificationProof Parameters { get; private set; } = new(IsByInputs: false, 0, 0, 0, double.PositiveInfinity);

    /// <summary>Tries to prove a query safe.</summary>
    /// <param name="query">The query.</param>
    /// <param name="isOver">Whether a share of the time, from 0 to 1, is over.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Whether it was proven.</returns>
    public bool Prove(Query query, Func<double, bool> isOver, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var box = new BoxSet(tensor([.. query.Lower], 1, query.Lower.Length), tensor([.. query.Upper], 1, query.Upper.Length));
        using var search = new BoundPropagation(_fast, box.To(ScalarType.Float32), RoundingModel.None, cancellation);
        search.Propagate();
        search.Refine(new Choices());
        var options = new OptimizerOptions();
        using var refinement = Refinement.Run(search, options with { Iterations = 10 }, () => isOver(RefinedShare));
        var (rows, offsets) = Functions(search, query);
        BoundPropagation? proof = null;
        var splitting = new NeuronSplitting(search, Proof, rows, offsets, options with { Iterations = 10 }, () => isOver(1))
        {
            Refinement = IsSmall(_fast) ? refinement : null,
        };
        try
        {
            return splitting.Prove();
        }
        finally
        {
            Bounded += splitting.Bounded;
            Parameters = Parameters.And(splitting);
            proof?.Dispose();
        }

        BoundPropagation Proof()
        {
            using var own = NewDisposeScope();
            proof = new BoundPropagation(_precise, box, RoundingModel.Exact, cancellation);
            proof.Propagate();
            proof.Refine(new Choices());
            refinement.Apply(proof);
            return proof.DetachFromDisposeScope();
        }
    }

    public void Dispose()
    {
        _fast.Dispose();
        _precise.Dispose();
    }

    /// <summary>Whether bounding all values again in each part is worth its time.</summary>
    private static bool IsSmall(RelaxedGraph graph) => graph.LargestValue <= 1024 && graph.Steps.Where(step => step.Curve is not null)
        .Sum(step => step.Shape.Count.Count) is <= MostRefined and > 0;

    /// <summary>Of each conjunction a linear function a·y − b of which it suffices that it is positive: the one with the largest lower
    /// bound among its rows.</summary>
    private static (Tensor Rows, Tensor Offsets) Functions(BoundPropagation search, Query query)
    {
        (double[] Weights, double Limit)[][] all = [.. query.Unsafe.Select(conjunction =>
            conjunction.Weights.Zip(conjunction.Limits, (weights, limit) => (weights.ToArray(), limit)).ToArray())];
        var flat = all.SelectMany(rows => rows).ToArray();
        var (rows, offsets) = (
            tensor([.. flat.SelectMany(row => row.Weights)], flat.Length, flat[0].Weights.Length),
            tensor([.. flat.Select(row => -row.Limit)]));
        var bounds = search.Lower(search.Graph.Output, rows.to(search.Graph.Type).unsqueeze(1), new()).squeeze(1)
            .to(ScalarType.Float64).Plus(offsets);
        var least = bounds.data<double>().ToArray();
        var (chosen, start) = (new List<long>(), 0);
        foreach (var conjunction in all)
        {
            chosen.Add(Enumerable.Range(start, conjunction.Length).MaxBy(row => least[row]));
            start += conjunction.Length;
        }

        var places = tensor([.. chosen]);
        return (rows.index_select(0, places), offsets.index_select(0, places));
    }
}
