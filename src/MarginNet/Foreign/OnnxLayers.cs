using System.Globalization;
using Google.Protobuf;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using MarginNet.Models;
using MarginNet.Native;
using Onnx;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>An ONNX model read as a graph of layers, whose scores have gradients.</summary>
/// <param name="Network">The network.</param>
/// <param name="Size">Height and width of its images.</param>
/// <param name="Output">The output of the file that its scores come from; null for the only one.</param>
/// <param name="Notes">What was taken for granted, a sentence each.</param>
internal sealed record OnnxLayers(
    GraphNetwork Network, (int Height, int Width) Size, string? Output, IReadOnlyList<string> Notes)
{
    private const int Images = 4;
    private const double MostDifference = 1e-4; // Of the largest score, between this library's and ONNX Runtime's.

    /// <summary>Reads a model, and compares it with what ONNX Runtime makes of the file.</summary>
    /// <param name="program">The file, with all its weights.</param>
    /// <param name="options">What the file does not say.</param>
    /// <returns>The layers, or why they are none.</returns>
    /// <exception cref="InvalidDataException">ONNX Runtime does not run it, or its scores are no function of an image.</exception>
    public static (OnnxLayers? Layers, string Obstacle) TryRead(ReadOnlyMemory<byte> program, LoadOptions options)
    {
        GraphNetwork? network = null;
        try
        {
            var model = OnnxFile.Parse(program);
            var signature = OnnxSignature.Of(model);
            var (output, size) = (signature.Chosen(options).Name, signature.SizeOr(options.ImageSize));
            var part = signature.Outputs.Length > 1 ? output : null;
            List<string> notes = [.. signature.Notes(part)];
            if (!options.KeepSoftmax && TakeOffSoftmax(model, signature, output) is { } logits)
            {
                (output, program, part, options) = (
                    logits, model.ToByteArray(), part is null ? logits : $"{part}/{logits}", options with { Output = null });
                notes.Add(
                    "the softmax at its end is taken off, since margins are of logits; "
                    + "--scores probabilities (LoadOptions.KeepSoftmax) keeps it.");
            }

            try
            {
                network = Build(model, signature, output, options, size, notes);
            }
            catch (InvalidDataException e)
            {
                return (null, e.Message);
            }

            if (Difference(network, program, options, size) is { } difference)
            {
                if (!(difference <= MostDifference))
                {
                    network.Dispose();
                    return (null, FormattableString.Invariant(
                        $"Computed layer by layer, its scores differ from ONNX Runtime's by {difference:0.0e-0} of the largest."));
                }

                notes.Add(string.Create(CultureInfo.InvariantCulture, $"read as {network.OperationCount} layers, whose scores differ from "
                    + $"ONNX Runtime's by at most {difference:0.0e-0} of the largest, on {Images} drawn images."));
            }
            else
            {
                notes.Add($"read as {network.OperationCount} layers, whose scores were not compared with ONNX Runtime's: "
                    + "its native half, the package Microsoft.ML.OnnxRuntime, is not there.");
            }

            ImageFunction.ThrowIfNot(network, network.Options.Normalization.Mean.Length, size);
            return (new(network, size, part, notes), "");
        }
        catch
        {
            network?.Dispose();
            throw;
        }
    }

    /// <summary>The largest difference between a network's scores and ONNX Runtime's on drawn images, as a share of the largest score;
    /// null without ONNX Runtime.</summary>
    private static double? Difference(
        GraphNetwork network, ReadOnlyMemory<byte> program, LoadOptions options, (int Height, int Width) size)
    {
        OnnxRuntimeNetwork runtime;
        try
        {
            runtime = OnnxRuntimeNetwork.Load(program, options with { ImageSize = size, Normalization = network.Options.Normalization })
                .Network;
        }
        catch (NotSupportedException)
        {
            return null;
        }

        using (runtime)
        using (NewDisposeScope())
        {
            using var inference = no_grad();
            using var generator = new Generator(2);
            // Pixels as images have them, the contrast another in each.
            var contrast = arange(1, Images + 1, dtype: ScalarType.Float32).reshape(Images, 1, 1, 1) / Images;
            var channels = network.Options.Normalization.Mean.Length;
            var images = (rand([Images, channels, size.Height, size.Width], generator: generator) * contrast * 255).round() / 255;
            network.eval();
            using var trusted = new TrustedNetwork(network, NetworkUse.Scores);
            return ConvolutionCase.Difference(runtime.call(images), trusted.Call(images));
        }
    }

    private static GraphNetwork Build(
        ModelProto model, OnnxSignature signature, string output, LoadOptions options, (int Height, int Width) size,
        ICollection<string> notes)
    {
        InvalidDataException? first = null;
        foreach (var channels in signature.PossibleChannels(options))
        {
            try
            {
                return Build(model, signature, output, options.NormalizationFor(channels), size, notes);
            }
            catch (InvalidDataException e)
            {
                first ??= e;
            }
        }

        throw first!;
    }

    private static GraphNetwork Build(
        ModelProto model, OnnxSignature signature, string output, Data.ChannelStatistics normalization, (int Height, int Width) size,
        ICollection<string> notes)
    {
        using var scope = NewDisposeScope();
        var channels = normalization.Mean.Length;
        var graph = OnnxReader.Read(model, [channels, size.Height, size.Width], output, keepsSoftmax: true, notes);
        return new(graph, new()
        {
            ClassCount = ClassCount(graph),
            Normalization = normalization,
            IsChannelsLast = graph.Input != new ValueShape(Dimension.Batch, channels, size.Height, size.Width),
            PixelScale = signature.IsOfBytes ? byte.MaxValue : 1,
        });
    }

    private static int ClassCount(NetworkGraph graph)
    {
        var shape = graph.OutputShape;
        return shape.Rank > 1 && shape[0] == Dimension.Batch && shape.Sizes.Skip(1).Count(size => size != 1) == 1
            && shape.Count is { IsPerImage: true, Count: <= int.MaxValue and var classes }
                ? (int)classes
                : throw new InvalidDataException($"It makes {shape} of N images: expected scores [N, C] with C >= 2.");
    }

    /// <summary>Makes what a softmax at the end takes the model's output.</summary>
    /// <returns>Its name; null where there is no softmax.</returns>
    private static string? TakeOffSoftmax(ModelProto model, OnnxSignature signature, string output)
    {
        if (new OnnxOrder(model.Graph, signature.Input).BeforeSoftmax(output) is not { } logits)
        {
            return null;
        }

        var type = new TypeProto { TensorType = new() { ElemType = (int)TensorProto.Types.DataType.Float } };
        model.Graph.Output.Clear();
        model.Graph.Output.Add(new ValueInfoProto { Name = logits, Type = type });
        return logits;
    }
}
