using System.Collections.Immutable;
using System.CommandLine;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet import</c>: makes a model file of one of another program, with all that describes it.</summary>
internal sealed class ImportCommand : Command
{
    private readonly Argument<string> _file = new("file")
    {
        Description = "A PyTorch state dict of a ResNet-18 (.pt, .pth, .safetensors; torchvision's names or kuangliu/pytorch-cifar's), "
            + "a TorchScript archive or an ONNX model.",
    };

    private readonly ForeignOptions _foreign = new(isImport: true);
    private readonly DataOptions _data = new("none: the classes are called 0, 1, 2 and so on");
    private readonly Option<string> _out = new("--out", "-o") { Description = "The model file to write.", Required = true };
    private readonly JsonOption _json = new();

    public ImportCommand()
        : base("import", "Make a model file of one that another program trained, for every other command.")
    {
        Add(_file);
        _foreign.AddTo(this);
        _data.AddNamesTo(this);
        Add(_out);
        _json.AddTo(this);
        SetAction(Run);
    }

    private void Run(ParseResult parsed)
    {
        var (path, file) = (parsed.GetValue(_file)!, parsed.GetValue(_out)!);
        if (Path.GetFullPath(path) == Path.GetFullPath(file))
        {
            throw new UserErrorException($"--out is '{file}', the file to import: give another name.");
        }

        AtomicFile.ThrowIfNotWritable(file);
        _json.ThrowIfNotWritable(parsed);
        var names = _data.ClassNames(parsed);
        using var model = _foreign.Load(parsed, path, CPU);
        if (!model.IsForeign)
        {
            throw new UserErrorException($"'{path}' is a model of MarginNet already: use it as it is.");
        }

        if (names is { } given)
        {
            TakeNames(parsed, model, path, given);
        }

        model.Save(file);
        KeepTrust(parsed, model, path);
        var summary = new ImportSummary(model, path, file);
        _json.Report(parsed, summary.Write, summary.Write);
    }

    /// <summary>Names the classes as the data does.</summary>
    private void TakeNames(ParseResult parsed, MarginModel model, string path, ImmutableArray<string> names)
    {
        if (!ModelFit.AreSame(model.ClassNames, names))
        {
            throw new UserErrorException($"'{path}' has {model.ClassNames.Length} classes " +
                $"({string.Join(", ", model.ClassNames.Take(3))}, ...), but the data has {names.Length} " +
                $"({string.Join(", ", names.Take(3))}, ...): give the data it was trained on.");
        }

        ModelFit.TakeNames(model, names);
        model.Training["data"] = _data.Name(parsed, "");
    }

    /// <summary>Keeps, for this user, that a TorchScript program is trusted.</summary>
    private void KeepTrust(ParseResult parsed, MarginModel model, string path)
    {
        if (_foreign.IsTrusted(parsed) && model.Network is { IsDifferentiable: true } and not (ResNet18 or GraphNetwork))
        {
            parsed.Note(TrustedPrograms.Add(path) is { } store
                ? $"this program needs no --trust-torchscript from now on, for this user; '{store}' says so."
                : "that this program is trusted could not be kept, so that --trust-torchscript is needed again.");
        }
    }
}
