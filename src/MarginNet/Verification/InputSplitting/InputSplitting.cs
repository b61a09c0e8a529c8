using System.Collections.Immutable;
using MarginNet.Graph;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>
/// A complete verifier of networks of few inputs: branch and bound over boxes of inputs. In each box the network is bounded by a zonotope
/// and a pass backward; the box is shrunk to where the bounds leave a counterexample room, and halved by the input, or parted by the
/// neuron, that the bounds suffer from most. The boxes whose centres are nearest to unsafe come first.
/// </summary>
internal sealed class InputSplitting : IDisposable
{
    private readonly RelaxedGraph _graph;
    private readonly RoundingModel _rounding;

    private InputSplitting(RelaxedGraph graph, RoundingModel rounding) => (_graph, _rounding) = (graph, rounding);

    /// <summary>Prepares a network.</summary>
    /// <param name="network">The network.</param>
    /// <param name="rounding">What a proof covers: <see cref="RoundingModel.Exact"/> or <see cref="RoundingModel.Single"/>.</param>
    /// <returns>Null where it is not suited: of more than <see cref="DenseChain.MostInputs"/> inputs, of wide layers, or of other steps
    /// than affine ones, ReLU and leaky ReLU, one behind the other.</returns>
    public static InputSplitting? Of(NetworkGraph network, RoundingModel rounding)
    {
        if (network.Input.Count.Count > DenseChain.MostInputs)
        {
            return null;
        }

        try
        {
            var graph = RelaxedGraph.Of(network, ScalarType.Float64);
            var nothing = ImmutableArray.CreateRange(Enumerable.Repeat(0.0, graph.OutputCount));
            if (DenseChain.Of(graph, [nothing], [0]) is not null)
            {
                return new(graph, rounding);
            }

            graph.Dispose();
            return null;
        }
        catch (NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Decides a query.</summary>
    /// <param name="query">The query, of as many inputs and outputs as the network.</param>
    /// <param name="threads">The threads to work with, one or more.</param>
    /// <param name="confirm">Whether a counterexample of the network in double precision counts; asked by one thread at a time.</param>
    /// <param name="isOver">Whether to give up; asked by all threads.</param>
    public SplittingResult Decide(Query query, int threads, Func<double[], bool> confirm, Func<bool> isOver)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (!query.Lower.Zip(query.Upper).All(ends => double.IsFinite(ends.Second - ends.First) && ends.First <= ends.Second))
        {
            return new(Answer.Unknown, null, 0, 0, 0, 0);
        }

        var (weights, limits, conjunctions) = Rows(query);
        if (weights.Count == 0)
        {
            // No rows at all hold everywhere, or nothing is unsafe.
            return new(conjunctions.Length == 0 ? Answer.Unsat : Answer.Unknown, null, 0, 0, 0, 0);
        }

        var chain = DenseChain.Of(_graph, weights, limits)!;
        var witnesses = new Witnesses(query, chain, conjunctions, confirm);
        CellProver Prover() => new(chain, query, conjunctions, _rounding, witnesses);
        return new CellSearch(witnesses, isOver).Run(
            new([.. query.Lower], [.. query.Upper], [.. Enumerable.Range(0, conjunctions.Length)], [], 0, 0),
            [.. Enumerable.Range(0, threads).Select(_ => Prover())]);
    }

    public void Dispose() => _graph.Dispose();

    /// <summary>All rows, each once, and those of each conjunction.</summary>
    private static (List<ImmutableArray<double>> Weights, List<double> Limits, ImmutableArray<ImmutableArray<int>> Conjunctions) Rows(
        Query query)
    {
        var (weights, limits) = (new List<ImmutableArray<double>>(), new List<double>());
        int Place(ImmutableArray<double> row, double limit)
        {
            var place = Enumerable.Range(0, limits.Count)
                .FirstOrDefault(i => limits[i] == limit && weights[i].SequenceEqual(row), limits.Count);
            if (place == limits.Count)
            {
                weights.Add(row);
                limits.Add(limit);
            }

            return place;
        }

        ImmutableArray<ImmutableArray<int>> conjunctions = [.. query.Unsafe.Select(conjunction => ImmutableArray.CreateRange(
            conjunction.Weights.Zip(conjunction.Limits, Place).Distinct()))];
        return (weights, limits, conjunctions);
    }
}
