using System.CommandLine;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
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
    private readonly JsonOption _json = new();

    public ImportCommand()
        : base("import", "Make a model file of one that another program trained, for every other command.")
    {
        Add(_file);
        _foreign.AddTo(this);
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
        using var model = _foreign.Load(parsed, path, CPU);
        if (!model.IsForeign)
        {
            throw new UserErrorException($"'{path}' is a model of MarginNet already: use it as it is.");
        }

        model.Save(file);
        var summary = new ImportSummary(model, path, file);
        _json.Report(parsed, summary.Write, summary.Write);
    }
}
