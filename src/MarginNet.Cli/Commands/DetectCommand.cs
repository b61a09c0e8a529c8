using System.CommandLine;
using MarginNet.Attacks;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Models;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet detect</c>: how well margin p-values and other scores part right from wrong decisions, and known from foreign data.</summary>
internal sealed class DetectCommand : Command
{
    private readonly SampleOptions _samples = new("test (default) or train.", ["test", "train"], "", needsCalibration: true);
    private readonly Option<string?> _foreign = new("--ood") { Description = "With --model: a folder of JPEG or PNG images, at any depth, that are of none of the classes (out of distribution)." };
    private readonly Option<double?> _epsilon = Number.Optional<double>(
        "--fgsm", "With --model: also part the images from themselves under an FGSM attack that changes each pixel in [0,1] by this much; the paper's is 0.1.", value => value > 0, "a number above 0");

    private readonly Option<string?> _surrogate = new("--surrogate") { Description = "The model file whose gradients the attack follows, as where an attacker knows another network; by default the model's own." };
    private readonly Option<string?> _foreignLogits = new("--ood-logits") { Description = "With --logits: the logits of samples that are of none of the classes." };
    private readonly Option<string?> _json = new("--json") { Description = "Also write the table to this file." };
    private readonly Option<int> _resamples = Number.Count("--resamples", "Bootstrap draws for the intervals.", 1000);
    private readonly Option<int> _seed = Number.CountOrNone("--seed", "Seed of the bootstrap draws.", 0);

    public DetectCommand()
        : base("detect", "Compare margin p-values with other scores as detectors of wrong decisions, of attacks and of foreign data.")
    {
        _samples.AddTo(this);
        Option[] options = [_foreign, _epsilon, _surrogate, _foreignLogits, _json, _resamples, _seed];
        Array.ForEach(options, Add);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var useLogits = _samples.UseLogits(parsed, [_foreign, _epsilon, _surrogate], [_foreignLogits]);
        if (parsed.GetValue(_json) is { } file)
        {
            AtomicFile.ThrowIfNotWritable(file);
        }

        if (useLogits)
        {
            CompareLogits(parsed);
        }
        else
        {
            await CompareModelAsync(parsed, cancellation);
        }
    }

    private void CompareLogits(ParseResult parsed)
    {
        var nullModel = _samples.ReadCalibration(parsed);
        var samples = _samples.ReadLogits(parsed);
        var foreign = parsed.GetValue(_foreignLogits) is { } path ? Samples.Read(path, labelsPath: null) : null;
        if (!_samples.HasLabels(parsed) && foreign is null)
        {
            throw new UserErrorException("--logits need --labels, --ood-logits or both: there is nothing to part them from.");
        }

        _samples.ThrowIfOtherClasses(parsed, nullModel, samples.ClassNames.Length, samples.Source);
        if (foreign is not null)
        {
            _samples.ThrowIfOtherClasses(parsed, nullModel, foreign.ClassNames.Length, foreign.Source);
        }

        Compare(parsed, samples, _samples.HasLabels(parsed), attacked: null, foreign, nullModel);
    }

    private async Task CompareModelAsync(ParseResult parsed, CancellationToken cancellation)
    {
        using var model = _samples.LoadModel(parsed);
        var nullModel = _samples.NullModel(parsed, model);
        var foreignImages = parsed.GetValue(_foreign) is { } folder ? ReadFolder(folder, model.ImageSize, cancellation) : null;
        var dataset = await _samples.LoadDataAsync(parsed, model, cancellation);
        var images = _samples.Split(parsed) == "train" ? dataset.Train : dataset.Test;
        var samples = SampleOptions.Score(model, images, "the network", cancellation);
        var foreign = foreignImages is null ? null : SampleOptions.Score(model, foreignImages, "the network", cancellation);
        Compare(parsed, samples, hasLabels: true, Attack(parsed, model, images, cancellation), foreign, nullModel);
    }

    private Samples? Attack(ParseResult parsed, MarginModel model, ImageSet images, CancellationToken cancellation)
    {
        var path = parsed.GetValue(_surrogate);
        if (parsed.GetValue(_epsilon) is not { } epsilon)
        {
            return path is null ? null : throw new UserErrorException("--surrogate needs --fgsm, how much each pixel may change, such as --fgsm 0.1.");
        }

        using var surrogate = path is null ? null : MarginModel.Load(path, model.Network.parameters().First().device);
        if (surrogate is not null && !surrogate.ClassNames.SequenceEqual(model.ClassNames))
        {
            throw new UserErrorException($"--surrogate '{path}' has other classes than the model: give one trained on the same data.");
        }

        var followed = (surrogate ?? model).Network;
        var scores = model.Network.Score(images, (pixels, labels) => Fgsm.Perturb(followed, pixels, labels, epsilon), cancellation: cancellation);
        return Samples.FromModel(scores, images.Labels, model.ClassNames, "the network under attack");
    }

    private void Compare(ParseResult parsed, Samples samples, bool hasLabels, Samples? attacked, Samples? foreign, MarginNullModel nullModel)
    {
        var (table, resamples, seed) = (new DetectionTable(), parsed.GetValue(_resamples), parsed.GetValue(_seed));
        var scores = DetectionTable.Scores(samples, nullModel);
        if (hasLabels)
        {
            var parted = scores.Select(score => (score.Name, Parts: samples.Part(score.Values))).Select(score => (score.Name, score.Parts.Right, score.Parts.Wrong)).ToArray();
            var (right, wrong) = (parted[0].Right.Length, parted[0].Wrong.Length);
            if (right > 0 && wrong > 0)
            {
                table.Add("wrong_decisions", "right decisions", "wrong decisions", parted, resamples, seed);
            }
            else if (foreign is null && attacked is null)
            {
                throw new UserErrorException($"{right} decisions are right and {wrong} wrong: to compare detectors of wrong decisions, give samples with some of both.");
            }
        }

        AddPair("attack", "clean images", "attacked images", attacked);
        AddPair("out_of_distribution", "known samples", "foreign samples", foreign);

        if (parsed.GetValue(_json) is { } file)
        {
            table.Save(file);
        }

        table.Write(parsed.InvocationConfiguration.Output);

        void AddPair(string key, string typical, string atypical, Samples? others)
        {
            if (others is not null)
            {
                var pairs = scores.Zip(DetectionTable.Scores(others, nullModel), (known, other) => (known.Name, known.Values, other.Values));
                table.Add(key, typical, atypical, pairs, resamples, seed);
            }
        }
    }

    private static ImageSet ReadFolder(string folder, (int Height, int Width) size, CancellationToken cancellation)
    {
        if (!Directory.Exists(folder))
        {
            throw new UserErrorException($"--ood '{folder}' does not exist: give a folder of JPEG or PNG images.");
        }

        string[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(IsImage).Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? ImageFolder.ReadImages(files, size.Height, size.Width, cancellationToken: cancellation)
            : throw new UserErrorException($"--ood '{folder}' has no .jpg, .jpeg or .png file: give a folder of images.");
    }

    private static bool IsImage(string path) =>
        !Path.GetFileName(path).StartsWith('.') && Path.GetExtension(path).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG";
}
