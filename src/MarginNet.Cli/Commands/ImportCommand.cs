using System.CommandLine;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet import</c>: makes a model file of one of another program, with all that describes it.</summary>
internal sealed class ImportCommand : Command
{
    private readonly Argument<string> _file = new("file")
    {
        Description = "A PyTorch state dict of a ResNet-18 (.pt, .pth, .safetensors; torchvision's names or kuangliu/pytorch-cifar's), a TorchScript archive or an ONNX model.",
    };

    private readonly ForeignOptions _foreign = new();
    private readonly Option<string> _out = new("--out", "-o") { Description = "The model file to write.", Required = true };

    public ImportCommand()
        : base("import", "Make a model file of one that another program trained, for every other command.")
    {
        Add(_file);
        _foreign.AddTo(this);
        Add(_out);
        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        var (path, file, output) = (parsed.GetValue(_file)!, parsed.GetValue(_out)!, parsed.InvocationConfiguration.Output);
        if (Path.GetFullPath(path) == Path.GetFullPath(file))
        {
            throw new UserErrorException($"--out is '{file}', the file to import: give another name.");
        }

        AtomicFile.ThrowIfNotWritable(file);
        using var model = _foreign.Load(parsed, path, CPU);
        if (!model.IsForeign)
        {
            throw new UserErrorException($"'{path}' is a model of MarginNet already: use it as it is.");
        }

        model.Save(file);
        var (height, width) = model.ImageSize;
        var normalization = model.Network.Options.Normalization;
        output.WriteLine($"imported    {path}: {Describe(model)}");
        output.WriteLine($"images      {normalization.Mean.Length}x{height}x{width}, {(normalization.StandardDeviation.All(deviation => deviation == 1) && normalization.Mean.All(mean => mean == 0) ? "pixels in [0,1] as they are" : "normalized")}");
        output.WriteLine($"classes     {model.ClassNames.Length}: {string.Join(", ", model.ClassNames.Take(3))}{(model.ClassNames.Length > 3 ? ", ..." : "")}");
        output.WriteLine($"written     {file}");
    }

    private static string Describe(MarginModel model) => model.Network switch
    {
        ResNet18 network => $"ResNet-18 of width {network.Width}, {(((ResNetOptions)network.Options).Stem == ResNetStem.Large ? "stem 7x7" : "stem 3x3")}",
        { IsDifferentiable: true } => "TorchScript",
        _ => "ONNX, which gives scores without gradients",
    };
}
