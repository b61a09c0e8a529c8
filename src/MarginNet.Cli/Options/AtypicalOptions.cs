using System.CommandLine;
using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Cli.Commands;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Options;

/// <summary>Samples that a p-value should flag, made for a model: <c>--fgsm</c> with <c>--surrogate</c>, and <c>--ood</c>.</summary>
internal sealed class AtypicalOptions
{
    private readonly Option<double?> _epsilon = Number.Optional<double>(
        "--fgsm",
        "With --model: its images under an FGSM attack that changes each pixel in [0,1] by this much; the paper's is 0.1.",
        value => value > 0,
        "a number above 0");

    private readonly Option<string?> _surrogate = new("--surrogate")
    {
        Description = "The model file whose gradients the attack follows, as where an attacker knows another network; "
            + "by default the model's own.",
    };
    private readonly Option<string[]> _attacked = new("--attacked")
    {
        Description = "With --model: attacked images that 'marginnet attack' wrote, a .npy file, instead of --fgsm; of 'detect' one or more.",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string[]> _foreign = new("--ood")
    {
        Description = "With --model: a folder of pictures (JPEG, PNG, BMP, WebP), at any depth, "
            + "that are of none of the classes (out of distribution); of 'detect' one or more.",
        AllowMultipleArgumentsPerToken = true,
    };

    public Option[] All => [_epsilon, _surrogate, _attacked, _foreign];

    /// <summary>Whether the attack follows, or may have followed, another network than the one attacked.</summary>
    public bool HasSurrogate(ParseResult parsed) => parsed.GetValue(_surrogate) is not null || parsed.IsGiven(_attacked);

    /// <summary>Requires one set of samples at most, for a threshold is chosen by one.</summary>
    public void ThrowIfSeveral(ParseResult parsed)
    {
        var attack = parsed.GetValue(_epsilon) is not null ? _epsilon.Name : parsed.IsGiven(_attacked) ? _attacked.Name : null;
        if (attack is not null && parsed.IsGiven(_foreign))
        {
            throw new UserErrorException($"{attack} and --ood are two kinds of samples to flag: choose the threshold by one of them.");
        }

        foreach (var option in (Option<string[]>[])[_attacked, _foreign])
        {
            if (parsed.GetValue(option) is { Length: > 1 } several)
            {
                throw new UserErrorException(
                    $"{option.Name} names {several.Length} sets of samples to flag: choose the threshold by one of them.");
            }
        }
    }

    /// <summary>The given images under attack, or the attacked ones of each file; empty where no attack is asked for.</summary>
    public AtypicalSet[] Attacked(
        ParseResult parsed, SampleOptions samples, MarginModel model, ImageSet? images, RadiusProver? prover,
        CancellationToken cancellation, bool keepsPixels = false)
    {
        var path = parsed.GetValue(_surrogate);
        if (parsed.GetValue(_attacked) is { Length: > 0 } files)
        {
            return parsed.GetValue(_epsilon) is null && path is null
                ? [.. files.Zip(AtypicalSet.Names(files), (file, name) => new AtypicalSet(
                    DetectionTable.Attack, name, samples.ScoreArray(parsed, model, file, labelsPath: null, prover, cancellation)))]
                : throw new UserErrorException("--attacked are images that were attacked before: leave out --fgsm and --surrogate.");
        }

        return parsed.GetValue(_epsilon) is { } epsilon
            ? [new(DetectionTable.Attack, null, Attack(parsed, samples, model, images, prover, epsilon, keepsPixels, cancellation))]
            : path is null
                ? []
                : throw new UserErrorException("--surrogate needs --fgsm, how much each pixel may change, such as --fgsm 0.1.");
    }

    /// <summary>The images of each foreign folder; empty where there is none.</summary>
    public AtypicalSet[] Foreign(
        ParseResult parsed, SampleOptions samples, MarginModel model, RadiusProver? prover, CancellationToken cancellation)
    {
        var folders = parsed.GetValue(_foreign) ?? [];
        // All are read before any is scored.
        var sets = Array.ConvertAll(folders, folder => samples.ReadPictures(parsed, model, PicturesOf(folder), cancellation));
        return [.. sets.Zip(AtypicalSet.Names(folders), (images, name) => new AtypicalSet(
            DetectionTable.OutOfDistribution, name, samples.ScoreImages(
                parsed, model, images, name is null ? "foreign images" : $"foreign images of '{name}'", prover, cancellation)))];
    }

    private Samples Attack(
        ParseResult parsed, SampleOptions samples, MarginModel model, ImageSet? images, RadiusProver? prover, double epsilon,
        bool keepsPixels, CancellationToken cancellation)
    {
        var path = parsed.GetValue(_surrogate);

        parsed.WarnOfDistance(_epsilon.Name, epsilon, AttackNorm.Linf, pixelCount: 1);
        if (images is null)
        {
            throw new UserErrorException("--fgsm attacks the images of a data set, not --images: leave one of them out.");
        }

        using var surrogate = path is null ? null : samples.LoadModel(parsed, path);
        if (surrogate is not null && !ModelFit.AreSame(surrogate.ClassNames, model.ClassNames))
        {
            throw new UserErrorException($"--surrogate '{path}' has other classes than the model: give one trained on the same data.");
        }

        ModelFit.ThrowIfOtherImages(model, surrogate ?? model, $"--surrogate '{path}'");
        var followed = (surrogate ?? model).Network;
        ModelFit.ThrowIfNotDifferentiable(surrogate ?? model, path ?? samples.ModelPath(parsed), _epsilon.Name);
        const string Source = "attacked images";
        var rows = parsed.Rows();
        var part = rows.Part(images);
        var display = new CountDisplay(parsed.Notes(), "attacked", "images", part.Count);
        var seen = new List<float>(); // In the order of the images, where they are asked for.
        var scores = rows.Scores($"scores of {Source}", part.Count, model.ClassNames.Length, () => model.Network.Score(
            part,
            (pixels, labels) =>
            {
                var moved = Fgsm.Perturb(followed, pixels, labels, epsilon);
                if (prover is not null || keepsPixels)
                {
                    using var plain = moved.cpu().contiguous();
                    seen.AddRange(plain.data<float>().ToArray());
                }

                return moved;
            },
            progress: display,
            cancellation: cancellation));
        var attacked = rows.Images(Source, part, () => new([.. seen], part.Channels, part.Height, part.Width));
        return samples.FromModel(parsed, model, scores, part.Labels, Source)
            .From(part)
            .With(prover is null ? null : rows.Take($"radii of {Source}", part.Count, () => prover.Radii(
                scores, attacked, new CountDisplay(parsed.Notes(), "certified", "images", part.Count))))
            .Showing(attacked.Count > 0 ? Pictures.Of(attacked) : null);
    }

    private static string[] PicturesOf(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new UserErrorException($"--ood '{folder}' does not exist: give a folder of pictures.");
        }

        string[] files = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(ImageFolder.IsPicture)
            .Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files
            : throw new UserErrorException($"--ood '{folder}' has no .jpg, .jpeg, .png, .bmp or .webp file: give a folder of pictures.");
    }
}
