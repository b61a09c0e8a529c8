using System.CommandLine;
using MarginNet.Certificates;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet certify</c>: the radius around each sample within which the decision provably stays, and certified accuracy at some distances.</summary>
internal sealed class CertifyCommand : Command
{
    private static readonly string[] DefaultDistances = ["36/255", "72/255", "108/255", "1"];

    private readonly SampleOptions _samples = new("test (default) or train.", ["test", "train"], "", needsCalibration: false);

    private readonly Option<string[]> _epsilons = new("--epsilon")
    {
        Description = "Distances in l2, in [0,1] pixels, at which to give certified accuracy; a number or a ratio, one or more.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => DefaultDistances,
    };

    private readonly Option<string?> _output = new("--output", "-o") { Description = "Write one line for each sample, with its radius and what proves it, to this CSV file." };
    private readonly JsonOption _json = new();

    public CertifyCommand()
        : base("certify", "Certify decisions: the radius in which no change of the image changes the class.")
    {
        _samples.AddModelTo(this);
        Option[] options = [_epsilons, _output];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        (string Text, double Value)[] distances = [.. parsed.GetValue(_epsilons)!.Select(text => (text, Distance(text)))];
        if (parsed.GetValue(_output) is { } file)
        {
            AtomicFile.ThrowIfNotWritable(file);
        }

        _json.ThrowIfNotWritable(parsed);

        using var model = _samples.LoadModel(parsed);
        var dataset = await _samples.LoadDataAsync(parsed, model, cancellation);
        var images = _samples.Split(parsed) == "train" ? dataset.Train : dataset.Test;
        var bounds = LipschitzCommand.Bound(model);
        var scores = model.Network.Score(images, cancellation: cancellation);
        var certificates = new CertificateTable(CertifiedRadius.Compute(scores, bounds), scores, images.Labels.ToArray(), model.ClassNames);
        if (parsed.GetValue(_output) is { } path)
        {
            certificates.Save(path);
        }

        _json.Report(parsed, json => certificates.Write(json, distances), output => certificates.Write(output, distances));
    }

    private static double Distance(string text) => Number.TryParse<double>(text, out var value) && double.IsFinite(value) && value >= 0
        ? value
        : throw new UserErrorException($"--epsilon is '{text}': expected a number, at least 0, or a ratio such as 36/255.");
}
