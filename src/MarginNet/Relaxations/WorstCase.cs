using MarginNet.Graph;
using MarginNet.Graph.Operations;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// The scores that a network can have at worst anywhere in a box around each image, differentiable in its weights: training by bounds.
/// They are the bounds that certify (<see cref="BoundPropagation"/>), in the numbers of training and without what rounding may add.
/// </summary>
/// <remarks>
/// Batch-norms take the statistics of the clean images, in the bounds too (Shi et al., 2021), and are folded into the layer before.
/// The last affine maps are joined with the differences f_c − f_j, so that what the two have in common is not counted twice.
/// </remarks>
internal sealed class WorstCase : IDisposable
{
    private const long FewTerms = 8; // Of what computes each number of one.

    private readonly RelaxedGraph _graph;
    private readonly BoundPropagation _bounds;

    private WorstCase(RelaxedGraph graph, BoundPropagation bounds) => (_graph, _bounds) = (graph, bounds);

    /// <summary>Bounds of what every curve is applied to, in their order.</summary>
    public IEnumerable<Interval> CurveInputs => _graph.Steps.Where(step => step.Curve is not null).Select(step => _bounds[step.Data[0]]);

    /// <summary>The mean width of the boxes, as the first layer takes them: behind the normalisation.</summary>
    public Tensor InputWidth
    {
        get
        {
            var place = 0;
            while (_graph.Steps[place] is { Curve: null, IsProduct: false, Data: [var only] } step && only == place && step.Terms <= FewTerms)
            {
                place++;
            }

            return (_bounds[place].Upper - _bounds[place].Lower).mean();
        }
    }

    /// <summary>Computes the scores of images, and of the batch-norms the statistics that they have there.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="images">Images, shape [N, …].</param>
    /// <param name="isTraining">Whether batch-norms take this batch's statistics, and their running ones move towards them; else they take
    /// the running ones.</param>
    /// <returns>The scores, shape [N, C], and the tensors of the graph's parameters, those of the batch in place of the running
    /// ones. The caller disposes the scores, and
    /// what is not the graph's own.</returns>
    public static (Tensor Scores, Tensor[] Parameters) Clean(NetworkGraph graph, Tensor images, bool isTraining)
    {
        using var scope = NewDisposeScope();
        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        var places = graph.Parameters.Select((parameter, i) => (parameter.Name, i)).ToDictionary();
        var found = (Tensor[])parameters.Clone();
        var scores = graph.Run(images, parameters, isTraining, isTraining ? Note : null);
        return (scores.MoveToOuterDisposeScope(), found);

        void Note(Node node, Tensor[] inputs)
        {
            if (node.Operation is BatchNormalization)
            {
                long[] axes = [.. Enumerable.Range(0, (int)inputs[0].dim()).Where(axis => axis != 1).Select(axis => (long)axis)];
                found[places[node.Inputs[3]]] = inputs[0].mean(axes).DetachFromDisposeScope();
                found[places[node.Inputs[4]]] = inputs[0].var(axes, unbiased: false).DetachFromDisposeScope();
            }
        }
    }

    /// <summary>Bounds all values by intervals; what it takes of the caller's dispose scope has to last as long.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="parameters">The tensors of its parameters, as <see cref="Clean"/> returns them.</param>
    /// <param name="lower">Lower ends of the boxes, shape [N, …].</param>
    /// <param name="upper">Upper ends, of the same shape.</param>
    /// <exception cref="NotSupportedException">Of a layer no bounds are known; the message names it.</exception>
    public static WorstCase Of(NetworkGraph graph, Tensor[] parameters, Tensor lower, Tensor upper)
    {
        var boxes = new BoxSet(lower.flatten(1), upper.flatten(1)); // In the caller's dispose scope.
        using var scope = NewDisposeScope();
        var (folded, tensors) = AffineFolding.Fold(graph, parameters);
        var relaxed = RelaxedGraph.OfTrained(
            new(folded.Input, [.. folded.Parameters.Zip(tensors, (parameter, value) => parameter with { Value = value })], folded.Nodes,
                folded.Output), lower.dtype);
        var bounds = new BoundPropagation(relaxed, boxes, RoundingModel.None)
        {
            [0] = new(lower.alias(), upper.alias()), // In their order in memory.
        };
        bounds.Propagate();
        return new(relaxed, bounds.DetachFromDisposeScope());
    }

    /// <summary>Bounds the inputs of curves anew by linear relaxation with parallel lines, as in the dual of Wong and Kolter (2018): far
    /// dearer, since every undecided gate is a function to bound.</summary>
    public void Refine() => _bounds.Refine(new() { Rule = SlopeRule.Parallel });

    /// <summary>The worst scores by intervals: 0 for the true class c, and for each other j the most that f_j − f_c can be.</summary>
    /// <param name="labels">True classes, shape [N].</param>
    /// <returns>Shape [N, C]; the caller disposes them.</returns>
    public Tensor Scores(Tensor labels)
    {
        using var scope = NewDisposeScope();
        var (place, rows) = (_graph.Output, Rows(labels));
        var (count, sets) = (rows.shape[0], rows.shape[1]);
        var offset = zeros([count, sets], _graph.Type);
        rows = rows.flatten(0, 1);
        while (place > 0 && _graph.Steps[place - 1] is { Curve: null, IsProduct: false, Data: [var only] } step
            && _graph.ShapeOf(only).Rank == 2 && _graph.ShapeOf(place).Rank == 2)
        {
            offset = step.Bias is null ? offset : offset.Plus((rows * step.Bias).sum(-1).reshape(count, sets));
            (place, rows) = (only, step.Layer.Operation.Transposed(step.Layer, 0, rows));
        }

        rows = rows.reshape(count, sets, -1);
        var (lower, upper) = (_bounds[place].Lower.flatten(1), _bounds[place].Upper.flatten(1));
        var middle = (rows * lower.Plus(upper).Times(0.5)).sum(-1);
        var reach = (rows.abs() * (upper - lower).Times(0.5)).sum(-1);
        return (-(middle - reach).Plus(offset).t()).MoveToOuterDisposeScope();
    }

    /// <summary>The same by linear functions of the images (CROWN-IBP, Zhang et al., 2020).</summary>
    /// <param name="labels">True classes, shape [N].</param>
    /// <param name="rule">Which line is taken below a gate.</param>
    /// <returns>Shape [N, C]; the caller disposes them.</returns>
    public Tensor LinearScores(Tensor labels, SlopeRule rule)
    {
        using var scope = NewDisposeScope();
        return (-_bounds.Lower(_graph.Output, Rows(labels), new() { Rule = rule }).t()).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _bounds.Dispose();
        _graph.Dispose();
    }

    /// <summary>f_c − f_j for each class j as functions of the scores, shape [C, N, C].</summary>
    private Tensor Rows(Tensor labels)
    {
        var all = eye(_graph.OutputCount, dtype: _graph.Type);
        return all.index_select(0, labels).unsqueeze(0) - all.unsqueeze(1);
    }
}
