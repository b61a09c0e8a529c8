using System.CommandLine;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Export;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet export</c>: writes a model for other frameworks.</summary>
internal sealed class ExportCommand : Command
{
    private const string Onnx = "onnx";
    private const string SafeTensors = "safetensors";
    private const string StateDict = "state-dict";
    private const string TorchScript = "torchscript";
    private const string Torchvision = "torchvision";
    private const string PytorchCifar = "pytorch-cifar";

    private readonly Argument<string> _model = new("model")
    {
        Description = "The model file that 'marginnet train' or 'marginnet import' wrote, or a state dict of another program.",
    };
    private readonly ForeignOptions _foreign = new();

    private readonly Option<string> _format = new("--to")
    {
        Description = "onnx: the whole classifier, from pixels in [0,1] to scores. safetensors: weights and a description. state-dict: " +
            "weights for load_state_dict in PyTorch. A model that was imported as a program is given back as it was: torchscript, or onnx "
            + "where ONNX Runtime runs it.",
        Required = true,
    };

    private readonly Option<string?> _out = new("--out", "-o")
    {
        Description = "The file to write; by default the model's name ending in .onnx, .safetensors, .state-dict.pt or .torchscript.pt.",
    };

    private readonly Option<string?> _names = new("--names")
    {
        Description = $"Whose names the weights of a ResNet-18 get: {Torchvision} (default) or {PytorchCifar} (kuangliu's).",
    };

    private readonly JsonOption _json = new();

    public ExportCommand()
        : base("export", "Write a model for other frameworks: ONNX, safetensors or a PyTorch state dict.")
    {
        _format.AcceptOnlyFromAmong(Onnx, SafeTensors, StateDict, TorchScript);
        _names.AcceptOnlyFromAmong(Torchvision, PytorchCifar);
        Add(_model);
        _foreign.AddTo(this);
        Option[] options = [_format, _out, _names];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        var (source, format) = (parsed.GetValue(_model)!, parsed.GetValue(_format)!);
        var file = parsed.GetValue(_out) ?? Path.ChangeExtension(source, format is StateDict or TorchScript ? $".{format}.pt" : format);
        if (format is Onnx or TorchScript && parsed.GetValue(_names) is not null)
        {
            throw new UserErrorException($"--names does not go with --to {format}, whose weights nobody loads by name: leave it out.");
        }

        if (Path.GetFullPath(file) == Path.GetFullPath(source))
        {
            throw new UserErrorException($"--out is '{file}', the model itself: choose another file.");
        }

        AtomicFile.ThrowIfNotWritable(file);
        _json.ThrowIfNotWritable(parsed);
        using var model = _foreign.Load(parsed, source, CPU);
        Write(model, format, file, parsed.GetValue(_names) == PytorchCifar ? WeightNames.PytorchCifar : WeightNames.Torchvision);
        var summary = new ExportSummary(model, format, file, isWhole: format == Onnx && IsOurs(model));
        _json.Report(parsed, summary.Write, summary.Write);
    }

    private static bool IsOurs(MarginModel model) =>
        model.Network is ResNet18 or FastNet or LipNet or OrthogonalNet or LiResNet or ConvNet or GraphNetwork;

    private static void Write(MarginModel model, string format, string file, WeightNames names)
    {
        try
        {
            switch (format)
            {
                case TorchScript: ModelExport.ToTorchScript(model, file); break;
                case Onnx: ModelExport.ToOnnx(model, file); break;
                case SafeTensors: ModelExport.ToSafeTensors(model, file, names); break;
                default: ModelExport.ToStateDict(model, file, names); break;
            }
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }
}
