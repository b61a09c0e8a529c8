using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Data;
using MarginNet.Evaluation;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;

namespace MarginNet.Cli.Options;

/// <summary>Whose scores: a model's on its data (<c>--model</c>, <c>--split</c>, ...), or those that any framework wrote to a file
/// (<c>--logits</c>, <c>--labels</c>, <c>--calibration</c>).</summary>
internal sealed class SampleOptions
{
    private readonly Option<string?> _model = new("--model", "-m")
    {
        Description = "The model file that 'marginnet train' or 'marginnet import' wrote, "
            + "or one of another program that 'marginnet import' takes.",
    };
    private readonly ForeignOptions _foreign;
    private readonly DataOptions _data = new("what the model was trained on", mayStream: true);
    private readonly DeviceOptions _device = new();
    private readonly PrecisionOption _precision =
        new("In what scores are computed; by default in what the model was calibrated, or float32;");
    private readonly AveragingOption _averaging = new();
    private readonly UnitOptions _units = new();
    private readonly Option<string?> _split = new("--split");
    private readonly Option<string?> _logits = new("--logits");
    private readonly Option<string?> _labels = new("--labels");
    private readonly Option<string[]>? _images;
    private readonly bool _takesPictures;
    private readonly Option<string?> _calibration = new("--calibration")
    {
        Description = "The null model for --logits, which 'marginnet calibrate --out' wrote.",
    };
    private readonly bool _needsCalibration;
    private Option[] _shard = [];

    /// <param name="splitDescription">What <c>--split</c> does by default.</param>
    /// <param name="splits">Its values.</param>
    /// <param name="logitsDescription">What <c>--logits</c> may be beside a file.</param>
    /// <param name="needsCalibration">Whether logits need a null model.</param>
    /// <param name="takesImages">Whether images of a file may be scored instead of a data set.</param>
    /// <param name="takesPictures">Whether these may be pictures, which have no labels.</param>
    /// <param name="hasTimeLimit">Whether <c>--time-limit</c> is for models that are programs, and not the command's own.</param>
    public SampleOptions(
        string splitDescription, string[] splits, string logitsDescription, bool needsCalibration, bool takesImages = true,
        bool takesPictures = false, bool hasTimeLimit = true)
    {
        _foreign = new(hasTimeLimit: hasTimeLimit);
        const string Arrays = "a .npy file of images [N, C, H, W] in [0,1], such as 'marginnet attack' writes";
        _labels.Description = $"The true classes of the --logits{(takesImages ? " or --images" : "")}, 0 to C - 1: a .npy, "
            + ".npz or .csv file.";
        _takesPictures = takesPictures;
        _images = !takesImages ? null : new("--images")
        {
            Description = takesPictures
                ? "Score these pictures (JPEG, PNG, BMP, WebP; a folder stands for those in it), whose classes are unknown, "
                    + $"instead of a data set; or {Arrays}."
                : $"Instead of a data set, {Arrays}; its labels are FILE.labels.npy beside it, or --labels.",
            AllowMultipleArgumentsPerToken = true,
        };
        _split.Description = splitDescription;
        _split.AcceptOnlyFromAmong(splits);
        _logits.Description = "Class scores instead of a model, shape [N, C]: a .npy, "
            + $".npz (file.npz:name) or .csv file{logitsDescription}; or fd-shifts' raw_logits.npz, which has labels, too, "
            + "and data set 3 of it is raw_logits.npz@3.";
        _needsCalibration = needsCalibration;
    }

    public void AddTo(Command command)
    {
        Option[] options = [_model, _split, _logits, _labels];
        Array.ForEach(options, command.Add);
        if (_needsCalibration)
        {
            command.Add(_calibration);
        }

        if (_images is not null)
        {
            command.Add(_images);
        }

        _units.AddTo(command);
        _foreign.AddTo(command);
        _data.AddTo(command);
        _device.AddTo(command);
        command.Add(_precision);
        command.Add(_averaging);
        _shard = ShardOptions.AddTo(command);
    }

    /// <summary>Adds the options of a model alone, which is then required.</summary>
    public void AddModelTo(Command command)
    {
        _model.Required = true;
        command.Add(_model);
        command.Add(_split);
        _foreign.AddTo(command);
        _data.AddTo(command);
        _device.AddTo(command);
        command.Add(_precision);
        _shard = ShardOptions.AddTo(command);
    }

    public string? Split(ParseResult parsed) => parsed.GetValue(_split);

    public string ModelPath(ParseResult parsed) => parsed.GetValue(_model)!;

    public string LogitsPath(ParseResult parsed) => parsed.GetValue(_logits)!;

    /// <summary>Whether the scores come from a file, having made sure that every option goes with where they come from.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="forModel">The command's own options that go with a model only.</param>
    /// <param name="forLogits">Those that go with logits only.</param>
    public bool UseLogits(ParseResult parsed, Option[] forModel, Option[] forLogits)
    {
        var (model, logits) = (parsed.GetValue(_model), parsed.GetValue(_logits));
        if (model is null == logits is null)
        {
            throw new UserErrorException(
                $"{(model is null ? "Nothing to score" : "--model and --logits are both given")}: give either --model, "
                + $"or --logits with {(_needsCalibration ? "--calibration" : "--labels")}.");
        }

        Option[] images = _images is null ? [] : [_images];
        var labels = Array.Exists(images, parsed.IsGiven) ? Array.Empty<Option>() : [_labels];
        Option[] misplaced = logits is null
            ? [.. labels, _calibration, .. forLogits]
            : [_split, _units.Pixels, .. images, .. _foreign.OfModels, .. _data.All, .. _device.All, _precision, _averaging, .. _shard,
                .. forModel];
        if (Array.Find(misplaced, parsed.IsGiven) is { } other)
        {
            throw new UserErrorException($"{other.Name} does not go with {(logits is null ? "--model" : "--logits")}: leave it out.");
        }

        if (logits is not null && _needsCalibration && parsed.GetValue(_calibration) is null)
        {
            throw new UserErrorException("--logits need --calibration, a null model that 'marginnet calibrate --logits' wrote.");
        }

        return logits is not null;
    }

    /// <summary>Whose decisions on what, as a sentence goes on: as m.pt decides its test images.</summary>
    public string Describe(ParseResult parsed) => parsed.GetValue(_logits) is { } logits
        ? $"by the scores of {Path.GetFileName(logits)}"
        : $"as {Path.GetFileName(ModelPath(parsed))} decides {(_images is not null && parsed.GetValue(_images) is { Length: > 0 } files
            ? string.Join(", ", files.Take(3).Select(Path.GetFileName)) + (files.Length > 3 ? ", ..." : "")
            : $"{Split(parsed) ?? "test"} images")}";

    public Samples ReadLogits(ParseResult parsed) => ReadLogits(parsed, LogitsPath(parsed), parsed.GetValue(_labels));

    /// <summary>Reads scores that another option names, and their labels where it has them.</summary>
    public Samples ReadLogits(ParseResult parsed, string path, string? labelsPath) =>
        Checked(parsed, Samples.Read(path, labelsPath, _units.ScoreKindOf(parsed), _foreign.ClassNames(parsed), parsed.Note));

    public bool HasLabels(ParseResult parsed) =>
        parsed.GetValue(_labels) is not null || (parsed.GetValue(_logits) is { } logits && FdShiftsFile.IsOne(logits));

    /// <summary>Reads the null model for logits.</summary>
    public MarginNullModel ReadCalibration(ParseResult parsed)
    {
        var path = parsed.GetValue(_calibration)!;
        if (!File.Exists(path))
        {
            throw new UserErrorException(
                $"--calibration '{path}' does not exist: make it with 'marginnet calibrate --logits FILE --labels FILE --out {path}'.");
        }

        var nullModel = MarginNullModel.Load(path);
        return nullModel.Radii is null
            ? nullModel
            : throw new UserErrorException(
                $"--calibration '{path}' is of class-purity radii, which logits alone do not have: score images by the --model.");
    }

    /// <summary>Requires one class for each logit.</summary>
    public void ThrowIfOtherClasses(ParseResult parsed, MarginNullModel nullModel, int classCount, string source)
    {
        if (nullModel.Classes.Length != classCount)
        {
            throw new UserErrorException(
                $"{source} has logits of {classCount} classes, but the null model '{parsed.GetValue(_calibration)}' has "
                + $"{nullModel.Classes.Length}: calibrate on logits of the same network.");
        }
    }

    public MarginModel LoadModel(ParseResult parsed) => LoadModel(parsed, ModelPath(parsed));

    /// <summary>Loads the model, or another file beside it.</summary>
    public MarginModel LoadModel(ParseResult parsed, string path)
    {
        var model = _foreign.Load(
            parsed, path, _device.Select(parsed), keepsSoftmax: ScoreKindOf(parsed) == ScoreKind.Probabilities);
        _precision.ApplyTo(parsed, model);
        _averaging.ApplyTo(parsed, model);
        return model;
    }

    /// <summary>Loads the model to prove something of it, in float32 whatever it was calibrated in.</summary>
    public MarginModel LoadExactModel(ParseResult parsed)
    {
        _precision.ThrowIfReduced(parsed);
        return _foreign.Load(parsed, ModelPath(parsed), _device.Select(parsed));
    }

    /// <summary>The null model of a model, with a warning where it is of scores that are computed otherwise.</summary>
    public MarginNullModel NullModel(ParseResult parsed, MarginModel model)
    {
        var nullModel = RequireNullModel(parsed, model);
        if (model.Network.Precision != nullModel.Precision)
        {
            var (scored, calibrated) = (PrecisionOption.NameOf(model.Network.Precision), PrecisionOption.NameOf(nullModel.Precision));
            parsed.Warn($"the scores are computed in {scored}, but were calibrated in {calibrated}, so p-values are a little off: "
                + $"'marginnet calibrate --model {ModelPath(parsed)} --precision {scored}' calibrates anew.");
        }

        if (model.Network.Averaging != nullModel.Averaging)
        {
            var (scored, calibrated) = (AveragingOption.NameOf(model.Network.Averaging), AveragingOption.NameOf(nullModel.Averaging));
            parsed.Warn($"the scores are averaged by --tta {scored}, but were calibrated by --tta {calibrated}, so p-values are off: "
                + $"'marginnet calibrate --model {ModelPath(parsed)} --tta {scored}' calibrates anew.");
        }

        return nullModel;
    }

    /// <summary>Proves the radii that a null model is of, having made sure that they are those calibrated on; null for margins.</summary>
    public RadiusProver? Prover(ParseResult parsed, MarginModel model, MarginNullModel nullModel, CancellationToken cancellation)
    {
        if (nullModel.Radii is not { } calibrated)
        {
            return null;
        }

        var (path, again) = (ModelPath(parsed), $"'marginnet calibrate --model {ModelPath(parsed)} --statistic radius'");
        if (!RadiusProver.Methods.Contains(calibrated.Method))
        {
            throw new UserErrorException($"'{path}' was calibrated on radii by '{calibrated.Method}', which this version does not know: "
                + $"run {again} again.");
        }

        var prover = Prover(model, calibrated.Method, calibrated.Norm, calibrated.IsCut, cancellation);
        return calibrated.IsLike(OriginOf(prover))
            ? prover
            : throw new UserErrorException($"'{path}' was calibrated on radii by other bounds than are proven of it now, as where its "
                + $"weights have changed: run {again} again.");
    }

    /// <summary>Proves radii of a model by a method.</summary>
    public static RadiusProver Prover(
        MarginModel model, string method, AttackNorm norm, bool isCut, CancellationToken cancellation)
    {
        if (model.Network.Precision != Precision.Float32)
        {
            throw new UserErrorException(
                $"Radii are proven for scores in float32, not {PrecisionOption.NameOf(model.Network.Precision)}: "
                + "give --precision float32.");
        }

        if (model.Network.Averaging != TestTimeAveraging.None)
        {
            throw new UserErrorException("Radii are proven for scores of the image alone, not averaged ones: give --tta none.");
        }

        try
        {
            return RadiusProver.Create(
                method, model.Network, new(model.Channels, model.ImageSize.Height, model.ImageSize.Width), norm, isCut, cancellation);
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    /// <summary>What a null model of radii remembers of them.</summary>
    public static RadiusOrigin OriginOf(RadiusProver prover) => new(prover.Method, prover.Network, prover.Constant)
    {
        Norm = prover.Norm,
        IsCut = prover.IsCut,
    };

    private MarginNullModel RequireNullModel(ParseResult parsed, MarginModel model)
    {
        var (path, calibration) = (ModelPath(parsed), CalibrationFile.PathFor(ModelPath(parsed)));
        return model.NullModel ?? throw new UserErrorException(
            model.IsForeign && File.Exists(calibration) ? $"'{calibration}' is the calibration of another '{path}', "
                + "or of images made by another --normalize or --input-size: give the same, or run 'marginnet calibrate' again."
            : model.IsForeign || model.Training.ContainsKey("imported_from") ? $"'{path}' has no null model yet: "
                + $"run 'marginnet calibrate --model {path}' first."
            : $"'{path}' has no null model, since its training was interrupted: run 'marginnet calibrate --model {path}', "
                + "or train it to the end.");
    }

    /// <summary>Loads the data that goes with a model.</summary>
    public Task<ImageDataset> LoadDataAsync(ParseResult parsed, MarginModel model, bool isTrainUsed, CancellationToken cancellation) =>
        _data.LoadForAsync(parsed, model, ModelPath(parsed), isTrainUsed, cancellation);

    /// <summary>Reads the images of the <c>--split</c>, by default the test images.</summary>
    public async Task<ImageSet> LoadImagesAsync(ParseResult parsed, MarginModel model, CancellationToken cancellation)
    {
        var isTrain = Split(parsed) == "train";
        var dataset = await LoadDataAsync(parsed, model, isTrain, cancellation);
        return isTrain ? dataset.Train : dataset.Test;
    }

    /// <summary>
    /// Scores the images asked for: those of <c>--images</c>, or a part of the data that goes with the model,
    /// which are then returned as well.
    /// </summary>
    public async Task<(Samples Samples, ImageSet? Images)> ScoreAsync(
        ParseResult parsed, MarginModel model, RadiusProver? prover, CancellationToken cancellation)
    {
        if (_images is not null && parsed.GetValue(_images) is { Length: > 0 } files)
        {
            return (ScoreFiles(parsed, model, files, prover, cancellation), null);
        }

        var images = await LoadImagesAsync(parsed, model, cancellation);
        return (ScoreImages(parsed, model, images, "the network", prover, cancellation), images);
    }

    private Samples ScoreFiles(
        ParseResult parsed, MarginModel model, string[] files, RadiusProver? prover, CancellationToken cancellation)
    {
        if (Split(parsed) is not null)
        {
            throw new UserErrorException("--images are scored instead of a --split: leave one of them out.");
        }

        if (files is [var file] && ImageArrayFile.IsOne(file))
        {
            return ScoreArray(parsed, model, file, parsed.GetValue(_labels), prover, cancellation);
        }

        return _takesPictures && !HasLabels(parsed) && !Array.Exists(files, ImageArrayFile.IsOne)
            ? ScoreImages(
                parsed, model, ReadPictures(parsed, model, [.. files.SelectMany(PicturesOf)], cancellation), "the network", prover,
                cancellation)
            : throw new UserErrorException($"--images are {string.Join(' ', files.Take(3))}: "
                + $"expected one .npy file{(_takesPictures ? ", or pictures without --labels" : "")}.");
    }

    /// <summary>What <c>--scores</c> says; null where it is not given.</summary>
    public ScoreKind? ScoreKindOf(ParseResult parsed) => _units.ScoreKindOf(parsed);

    /// <summary>Warns where scores look like something else than logits.</summary>
    public void Warn(ParseResult parsed, ScoreKind kind, string source) => _units.Warn(parsed, kind, source);

    /// <summary>Scores the images of a .npy file.</summary>
    public Samples ScoreArray(
        ParseResult parsed, MarginModel model, string file, string? labelsPath, RadiusProver? prover, CancellationToken cancellation) =>
        Checked(parsed, ImageArrayFile.Score(parsed, _units, model, file, labelsPath, prover, cancellation));

    public Samples ScoreImages(
        ParseResult parsed, MarginModel model, ImageSet images, string source, RadiusProver? prover, CancellationToken cancellation)
    {
        var rows = parsed.Rows();
        var part = rows.Part(images);
        var (scored, certified) = (Display("scored"), Display("certified"));
        var scores = rows.Scores(
            $"scores of {source}", part.Count, model.ClassNames.Length,
            () => model.Network.Score(part, progress: scored, cancellation: cancellation));
        return FromModel(parsed, model, scores, part.Labels, source).From(part).With(prover is null
            ? null
            : rows.Take($"radii of {source}", part.Count, () => prover.Radii(scores, part, certified)));

        CountDisplay Display(string done) => new(parsed.Notes(), done, "images", part.Count);
    }

    /// <summary>Takes scores of a model.</summary>
    public Samples FromModel(ParseResult parsed, MarginModel model, ScoreMatrix scores, ReadOnlySpan<int> labels, string source) =>
        Checked(parsed, Samples.FromModel(scores, labels, model.ClassNames, source, _units.ScoreKindOf(parsed)));

    /// <summary>Reads picture files as the images of the model.</summary>
    public ImageSet ReadPictures(ParseResult parsed, MarginModel model, IReadOnlyList<string> files, CancellationToken cancellation) =>
        _data.ReadPictures(parsed, model, files, cancellation);

    /// <summary>Has a model remember what was said of picture files.</summary>
    public void KeepPictures(ParseResult parsed, MarginModel model) => _data.KeepPictures(parsed, model);

    private static string[] PicturesOf(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        string[] files = [.. Directory.EnumerateFiles(path).Where(ImageFolder.IsPicture).Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new UserErrorException(
                $"--images '{path}' is a folder without .jpg, .jpeg, .png, .bmp or .webp files: give pictures, or a folder that has them.");
    }

    /// <summary>Tells what reading left out, and warns where the scores look like something else than logits.</summary>
    private Samples Checked(ParseResult parsed, Samples samples)
    {
        if (parsed.Rows().ArePart)
        {
            return samples; // Merging tells it of all.
        }

        foreach (var line in samples.Logits.Notes)
        {
            parsed.Note(line);
        }

        _units.Warn(parsed, samples.Kind, samples.Source);
        if (OneBasedLabels.AreSuspect(samples.Labels, samples.Predicted))
        {
            parsed.Warn(
                $"{samples.Source}: no label is 0, and the decisions agree better with the labels less 1: "
                + "if they are counted from 1, subtract 1 from each.");
        }

        return samples;
    }
}
