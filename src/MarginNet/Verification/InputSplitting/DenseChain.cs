using System.Collections.Immutable;
using MarginNet.Graph;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>A network of few inputs as affine maps one after another, each but the last with a gate, whose outputs are the rows
/// a·y − b of a query.</summary>
internal sealed class DenseChain
{
    /// <summary>The most inputs: boxes of more have too many sides to be cut.</summary>
    public const int MostInputs = 20;

    /// <summary>The most numbers in a value.</summary>
    public const int MostNumbers = 512;

    private const int MostNeurons = 2048;

    private DenseChain(IReadOnlyList<(AffineMap Map, double Closed)> maps)
    {
        var widest = maps.Max(layer => Math.Max(layer.Map.Weight.shape[0], layer.Map.Weight.shape[1]));
        Stride = PaddedMatrix.Stride((int)widest);
        Layers = [.. maps.Select(layer => new DenseLayer(layer.Map, layer.Closed, Stride))];
    }

    /// <summary>The layers; the last has no gate.</summary>
    public ImmutableArray<DenseLayer> Layers { get; }

    /// <summary>The length of a padded row of each matrix.</summary>
    public int Stride { get; }

    /// <summary>The number of inputs.</summary>
    public int Inputs => Layers[0].Inputs;

    /// <summary>The number of rows.</summary>
    public int Rows => Layers[^1].Outputs;

    /// <summary>The most generators that a zonotope of its values has.</summary>
    public int Generators => Inputs + Layers.SkipLast(1).Sum(layer => layer.Outputs);

    /// <summary>Takes a network apart.</summary>
    /// <param name="graph">The network in double precision.</param>
    /// <param name="weights">The rows a, shape [rows][outputs].</param>
    /// <param name="limits">Their limits b.</param>
    /// <returns>Null where it is another kind of network, or a larger one.</returns>
    public static DenseChain? Of(RelaxedGraph graph, IReadOnlyList<ImmutableArray<double>> weights, IReadOnlyList<double> limits)
    {
        var steps = new Stack<RelaxedStep>();
        for (var place = graph.Output; place > 0; place = steps.Peek().Data[0])
        {
            var step = graph.Steps[place - 1];
            if (step.Data.Length != 1 || step.Curve is not (null or GateCurve) || step.Shape.Count.Count > MostNumbers)
            {
                return null;
            }

            steps.Push(step);
        }

        var inputs = graph.Input.Count.Count;
        if (inputs > MostInputs || steps.Where(step => step.Curve is not null).Sum(step => step.Shape.Count.Count) > MostNeurons)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var maps = new List<(AffineMap, double)>();
        var map = AffineMap.Identity(inputs);
        foreach (var step in steps)
        {
            if (step.Curve is GateCurve gate)
            {
                maps.Add((map, gate.Closed));
                map = AffineMap.Identity(step.Shape.Count.Count);
            }
            else
            {
                map = map.Then(AffineMap.Of(step));
            }
        }

        maps.Add((map.Then(Outputs(weights, limits)), 1));
        return new(maps);
    }

    /// <summary>The rows at an input.</summary>
    /// <param name="input">The input, shape [inputs].</param>
    /// <param name="values">At least two rows' length, of which the first numbers are the result.</param>
    public void Run(ReadOnlySpan<double> input, Span<double> values)
    {
        var x = values[..Stride];
        var z = values.Slice(Stride, Stride);
        input.CopyTo(x);
        foreach (var layer in Layers)
        {
            layer.Bias.CopyTo(z);
            PaddedMatrix.AddProduct(x, layer.Inputs, layer.ByInput, z);
            for (var i = 0; i < layer.Outputs; i++)
            {
                x[i] = layer.Gate(z[i]);
            }
        }
    }

    private static AffineMap Outputs(IReadOnlyList<ImmutableArray<double>> weights, IReadOnlyList<double> limits)
    {
        var weight = tensor([.. weights.SelectMany(row => row)], [weights.Count, weights[0].Length]);
        var bias = tensor([.. limits.Select(limit => -limit)]);
        return new(weight, weight.abs(), bias, bias.abs(), 1);
    }
}
