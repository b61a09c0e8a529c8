using System.Collections.Immutable;
using MarginNet.Arrays;
using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Margins;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// The features z that a network's last linear layer makes its scores of, f = Wz + b (rectified where the network is), for scores of
/// features such as
/// fDBD, KNN, Mahalanobis and PCAD (<c>MarginNet.Features</c>). It keeps the weights that the network had when it was made.
/// </summary>
public sealed class FeatureExtractor : IDisposable
{
    private const int MostUnits = 1024; // Unit vectors in one pass.

    private readonly GraphNetwork _network; // Whose scores are the features.

    private FeatureExtractor(GraphNetwork network, NumericArray weights, ImmutableArray<double> bias) =>
        (_network, Weights, Bias) = (network, weights, bias);

    /// <summary>The weights W of the last layer with all constant factors behind it, shape [C, D].</summary>
    public NumericArray Weights { get; }

    /// <summary>Its bias b, shape [C].</summary>
    public ImmutableArray<double> Bias { get; }

    /// <summary>The number of features D.</summary>
    public int Dimension => Weights.Columns;

    /// <summary>Finds the last linear layer of a network.</summary>
    /// <param name="network">The network, on whose device features are computed, in its precision and over its views
    /// (<see cref="Classifier.Averaging"/>).</param>
    /// <param name="imageSize">Height and width of its images, in pixels.</param>
    /// <returns>The extractor; the caller disposes it.</returns>
    /// <exception cref="NotSupportedException">The layers of the network are not known, as of a program, or its scores are not made by
    /// a linear layer of at
    /// least two features.</exception>
    public static FeatureExtractor Create(Classifier network, (int Height, int Width) imageSize)
    {
        ArgumentNullException.ThrowIfNull(network);
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var graph = Read(network, imageSize);
        var parameters = graph.Parameters.ToDictionary(parameter => parameter.Name);
        var nodes = graph.Nodes.ToDictionary(node => node.Name);
        var (last, tail) = (graph.Output, new List<Node>());
        if (nodes.GetValueOrDefault(last) is { Operation: Relu } rectified)
        {
            last = rectified.Inputs[0];
        }

        var end = last;
        while (nodes.GetValueOrDefault(last) is { } node && node.Inputs.Count(input => !parameters.ContainsKey(input)) == 1)
        {
            tail.Insert(0, node);
            last = node.Inputs.First(input => !parameters.ContainsKey(input));
            if (IsLinearLayer(node.Operation))
            {
                var inner = Part(graph, last);
                return inner.OutputShape is { Rank: 2 } shape && shape[0] == Graph.Dimension.Batch && shape[1].Count >= 2
                    ? Create(network, inner, Renamed(graph, tail, last, end, shape)) : throw Unknown();
            }

            if (node.Operation is not (Mul or Div or Add or Sub or Flatten or Reshape))
            {
                break;
            }
        }

        throw Unknown();
    }

    /// <summary>Computes the features of every image.</summary>
    /// <param name="images">At least one image, of the size the network takes.</param>
    /// <param name="progress">Told the number of images so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>Features, shape [N, D], row i for image i.</returns>
    /// <exception cref="ArgumentException">There is no image.</exception>
    /// <exception cref="InvalidDataException">A feature is NaN or infinite, or the images have other channels than the
    /// network's.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public NumericArray Extract(ImageSet images, IProgress<int>? progress = null, CancellationToken cancellation = default) =>
        ToArray(_network.Score(images, progress: progress, cancellation: cancellation));

    /// <summary>Computes the features of images that are numbers instead of bytes.</summary>
    /// <inheritdoc cref="Extract(ImageSet, IProgress{int}?, CancellationToken)"/>
    public NumericArray Extract(ImageArray images, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        return ToArray(images.Score(_network, progress: progress, cancellation: cancellation));
    }

    /// <summary>Disposes what it computes with; the network it was made of stays.</summary>
    public void Dispose() => _network.Dispose();

    private static NetworkGraph Read(Classifier network, (int Height, int Width) size)
    {
        try
        {
            return ModuleReader.Read(network, new FeatureShape(network.Options.Normalization.Mean.Length, size.Height, size.Width));
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException(
                "The layers of this network are not known, so it has no features before its last one: "
                + "give a model that MarginNet trained, a ResNet-18 state dict, or an ONNX file that is read as a graph of layers.", e);
        }
    }

    private static NotSupportedException Unknown() => new(
        "The scores of this network are not made by a last linear layer of at least two features, so it has no features before it.");

    private static bool IsLinearLayer(Operation operation) => operation is MatMul or AolGemm or Gemm { TransposesA: false }
        or PreciseLinear { IsPointwise: false };

    private static FeatureExtractor Create(Classifier network, NetworkGraph inner, NetworkGraph head)
    {
        var dimension = (int)inner.OutputShape[1].Count;
        Tensor[] parameters = [.. head.Parameters.Select(parameter => parameter.Value)];
        var device = parameters[0].device;
        var bias = Numbers(head.Run(zeros([1, dimension], device: device), parameters));
        var weights = new double[bias.Length * dimension];
        for (var first = 0; first < dimension; first += MostUnits)
        {
            using var scope = NewDisposeScope();
            var units = Math.Min(MostUnits, dimension - first);
            var values = Numbers(head.Run(eye(dimension, device: device).narrow(0, first, units), parameters));
            for (var i = 0; i < units; i++)
            {
                for (var c = 0; c < bias.Length; c++)
                {
                    weights[(c * dimension) + first + i] = values[(i * bias.Length) + c] - bias[c];
                }
            }
        }

        var channels = network.Options.Normalization.Mean.Length;
        var features = new GraphNetwork(inner, new()
        {
            ClassCount = dimension,
            // The graph has the network's.
            Normalization = new([.. Enumerable.Repeat(0.0, channels)], [.. Enumerable.Repeat(1.0, channels)]),
        });
        features.to(network.Device());
        features.eval();
        (features.Precision, features.Averaging) = (network.Precision, network.Averaging);
        return new(features, new(weights, bias.Length, dimension, IsVector: false), [.. bias]);
    }

    /// <summary>The part of a graph that leads to a value.</summary>
    private static NetworkGraph Part(NetworkGraph graph, string output)
    {
        var needed = new HashSet<string> { output };
        foreach (var node in graph.Nodes.Reverse().Where(node => needed.Contains(node.Name)))
        {
            needed.UnionWith(node.Inputs);
        }

        return new(
            graph.Input, [.. graph.Parameters.Where(parameter => needed.Contains(parameter.Name))],
            [.. graph.Nodes.Where(node => needed.Contains(node.Name))], output);
    }

    /// <summary>Nodes one after another as a graph of the first's input.</summary>
    private static NetworkGraph Renamed(NetworkGraph graph, List<Node> nodes, string input, string output, ValueShape shape)
    {
        var renamed = nodes.Select(
            node => node with { Inputs = [.. node.Inputs.Select(name => name == input ? NetworkGraph.Images : name)] });
        var names = nodes.SelectMany(node => node.Inputs).ToHashSet();
        return new(shape, [.. graph.Parameters.Where(parameter => names.Contains(parameter.Name))], [.. renamed], output);
    }

    private static double[] Numbers(Tensor values) => values.to(ScalarType.Float64).cpu().contiguous().data<double>().ToArray();

    private static NumericArray ToArray(ScoreMatrix features)
    {
        var values = new double[features.Count * features.ClassCount];
        for (var i = 0; i < features.Count; i++)
        {
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(features[i], values.AsSpan(i * features.ClassCount, features.ClassCount));
        }

        return new(values, features.Count, features.ClassCount, IsVector: false);
    }
}
