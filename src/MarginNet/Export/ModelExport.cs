using Google.Protobuf;
using MarginNet.Bounds;
using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Onnx;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Export;

/// <summary>Writes trained networks for other frameworks; each file is written whole or not at all.</summary>
/// <remarks>
/// ONNX and safetensors files carry, as metadata named <c>marginnet</c>, a JSON text with the architecture, class names, size of images,
/// normalisation and null model.
/// </remarks>
public static class ModelExport
{
    /// <summary>
    /// Writes a model as ONNX, operator set 13: from <c>images</c>, shape [N, channels, height, width], float32 pixels in [0, 1],
    /// to <c>scores</c>, shape [N, C]. The normalisation is part of the graph, N any number, height and width those of the model.
    /// A model that ONNX Runtime runs is written as it was imported: what the model adds, its normalisation, is not in it.
    /// </summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="path">The file to write or replace, by custom <c>*.onnx</c>.</param>
    /// <exception cref="NotSupportedException">A layer cannot be written as ONNX.</exception>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void ToOnnx(MarginModel model, string path)
    {
        if (model.Network is ProgramNetwork program)
        {
            Write(program, program is OnnxRuntimeNetwork, "TorchScript", "ONNX", path);
            return;
        }

        var options = model.Network.Options;
        var metadata = new Dictionary<string, string> { [ModelDescription.Key] = ModelDescription.ToJson(model, isScaled: false) };
        ToOnnx(model.Network, new(options.Normalization.Mean.Length, model.ImageSize.Height, model.ImageSize.Width), path, metadata);
    }

    /// <summary>
    /// Writes the TorchScript program that a model is of, as it was imported: the normalisation that the model adds is not in it.
    /// </summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="path">The file to write or replace, by custom <c>*.pt</c>.</param>
    /// <exception cref="NotSupportedException">The model is no TorchScript program.</exception>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void ToTorchScript(MarginModel model, string path)
    {
        if (model.Network is not ProgramNetwork program)
        {
            throw new NotSupportedException($"The model is a {model.Network.GetName()} and no TorchScript program: export it as ONNX, " +
                "safetensors or a state dict.");
        }

        Write(program, program is TorchScriptNetwork, "ONNX", "TorchScript", path);
    }

    /// <summary>Writes a network as ONNX; see <see cref="ToOnnx(MarginModel, string)"/>.</summary>
    /// <param name="network">
    /// A network of this library, or a Sequential of convolutions, plain and transposed, linear layers, normalisations, activations, pools,
    /// flatten and dropout; taken in evaluation mode whatever its own. Not changed.
    /// </param>
    /// <param name="input">The shape of one input: an image, or a vector for a network that starts with a linear layer.</param>
    /// <param name="path">The file to write or replace, by custom <c>*.onnx</c>.</param>
    /// <exception cref="NotSupportedException">A layer cannot be written as ONNX; the message names it.</exception>
    /// <exception cref="ArgumentException">The layers do not take that input; the message names the first that does not.</exception>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void ToOnnx(nn.Module<Tensor, Tensor> network, FeatureShape input, string path) => ToOnnx(network, input, path, []);

    /// <summary>Writes a model's weights as safetensors, with the names of PyTorch.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="path">The file to write or replace, by custom <c>*.safetensors</c>.</param>
    /// <param name="names">Whose names. Default: torchvision's.</param>
    /// <remarks>As <see cref="ToStateDict"/>; the normalisation is in the metadata.</remarks>
    /// <exception cref="NotSupportedException">The architecture has no such names.</exception>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void ToSafeTensors(MarginModel model, string path, WeightNames names = WeightNames.Torchvision) =>
        SafeTensorsFile.Write(path, new()
        {
            Tensors = ExportedWeights.Of(model.Network, names),
            Metadata = new Dictionary<string, string>
            {
                ["format"] = "pt",
                [ModelDescription.Key] = ModelDescription.ToJson(model, isScaled: true),
            },
        });

    /// <summary>Writes a model's weights as a plain state dict that <c>network.load_state_dict(torch.load(path))</c> takes.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="path">The file to write or replace, by custom <c>*.pt</c>.</param>
    /// <param name="names">Whose names. Default: torchvision's.</param>
    /// <remarks>
    /// A ResNet-18 fits torchvision's with a 3×3 first convolution of stride 1 and no pooling after it. The output scale is multiplied
    /// into the last layer. The normalisation is not in the file: plain PyTorch code normalises its images before the network. Nor is a
    /// rectification of the scores.
    /// </remarks>
    /// <exception cref="NotSupportedException">The architecture has no such names.</exception>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public static void ToStateDict(MarginModel model, string path, WeightNames names = WeightNames.Torchvision) =>
        PyTorchFile.Write(path, ExportedWeights.Of(model.Network, names).ToDictionary(entry => entry.Key, entry => (object?)entry.Value));

    private static void ToOnnx(nn.Module<Tensor, Tensor> network, FeatureShape input, string path, Dictionary<string, string> metadata)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad(); // A graph as it is trained, with nothing folded.
        var graph = ModuleReader.Read(network, input);
        var content = OnnxWriter.Write(graph, [.. graph.Parameters.Select(parameter => parameter.Value)], metadata);
        AtomicFile.Write(path, content.WriteTo);
    }

    private static void Write(ProgramNetwork program, bool isOfThatKind, string own, string asked, string path)
    {
        if (!isOfThatKind)
        {
            throw new NotSupportedException($"The model is an imported {own} program, which cannot be written as {asked}: it can be " +
                $"given back as {own}, as it was imported.");
        }

        AtomicFile.Write(path, stream => stream.Write(program.Program.Span));
    }
}
