using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>A network as a graph of operations, from images to scores: nodes in the order they are computed. Immutable, save for what is in
/// the tensors of its parameters.</summary>
internal sealed class NetworkGraph
{
    /// <summary>The name of the value that the images are.</summary>
    public const string Images = "images";

    /// <summary>The name that its value has in files; none within has it.</summary>
    public const string Scores = "scores";

    private readonly int[][] _inputs; // Of each node: the places of its inputs among the values.
    private readonly int[][] _last; // Of each node: the values of nodes that no later one takes.
    private readonly int _output;

    /// <summary>Joins nodes whose inputs come before them.</summary>
    /// <param name="input">The shape of the images, the batch first.</param>
    /// <param name="parameters">The tensors that do not depend on the images.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="output">The name of the value that the scores are.</param>
    public NetworkGraph(ValueShape input, ImmutableArray<GraphParameter> parameters, ImmutableArray<Node> nodes, string output)
    {
        (Input, Parameters, Nodes, Output) = (input, parameters, nodes, output);
        var places = new Dictionary<string, int> { [Images] = 0 };
        foreach (var name in parameters.Select(parameter => parameter.Name).Concat(nodes.Select(node => node.Name)))
        {
            places.Add(name, places.Count);
        }

        _inputs = [.. nodes.Select(node => node.Inputs.Select(name => places[name]).ToArray())];
        _output = places[output];
        var last = Enumerable.Range(0, _inputs.Length).SelectMany(node => _inputs[node].Select(value => (value, node)))
            .GroupBy(use => use.value, use => use.node)
            .ToLookup(uses => uses.Max(), uses => uses.Key);
        var first = 1 + parameters.Length;
        _last = [.. nodes.Select((_, node) => last[node].Where(value => value >= first && value != _output).ToArray())];
    }

    /// <summary>The shape of the images, the batch first.</summary>
    public ValueShape Input { get; }

    /// <summary>The tensors that do not depend on the images.</summary>
    public ImmutableArray<GraphParameter> Parameters { get; }

    /// <summary>The nodes, each behind its inputs.</summary>
    public ImmutableArray<Node> Nodes { get; }

    /// <summary>The name of the value that the scores are.</summary>
    public string Output { get; }

    /// <summary>The shape of the scores.</summary>
    public ValueShape OutputShape => Output == Images ? Input
        : Nodes.FirstOrDefault(node => node.Name == Output)?.Shape
            ?? ValueShape.Of(Parameters.First(parameter => parameter.Name == Output).Value.shape);

    /// <summary>Computes the scores of images.</summary>
    /// <param name="images">The images, of <see cref="Input"/>.</param>
    /// <param name="parameters">The tensors of <see cref="Parameters"/>, or others in their place.</param>
    /// <param name="isTraining">Whether batch-norms take each batch's own statistics. Default false.</param>
    /// <param name="visit">Sees each node and its inputs before it is computed. Default null.</param>
    /// <returns>The scores; the caller disposes them.</returns>
    public Tensor Run(
        Tensor images, IReadOnlyList<Tensor> parameters, bool isTraining = false, Action<Node, Tensor[]>? visit = null)
    {
        using var scope = NewDisposeScope();
        var values = new Tensor?[1 + parameters.Count + Nodes.Length];
        values[0] = images;
        for (var i = 0; i < parameters.Count; i++)
        {
            values[1 + i] = parameters[i];
        }

        var first = 1 + parameters.Count;
        for (var i = 0; i < Nodes.Length; i++)
        {
            using var own = NewDisposeScope();
            var inputs = Array.ConvertAll(_inputs[i], place => values[place]!);
            visit?.Invoke(Nodes[i], inputs);
            var value = Nodes[i].Operation.Run(inputs, isTraining);
            // What is an input itself is no second owner of it.
            values[first + i] = Array.Exists(inputs, input => ReferenceEquals(input, value)) ? value.alias().MoveToOuterDisposeScope()
                : value.MoveToOuterDisposeScope();
            foreach (var place in _last[i])
            {
                values[place]!.Dispose();
                values[place] = null;
            }
        }

        return _output < first ? values[_output]!.alias().MoveToOuterDisposeScope() : values[_output]!.MoveToOuterDisposeScope();
    }
}
