using System.CommandLine;
using MarginNet.Cli.Options;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary>The options of <c>marginnet train</c> that say how to train, and their form in a model file.</summary>
/// <param name="defaultPreset">The preset unless another is asked for.</param>
/// <param name="defaults">What it decides.</param>
internal sealed class TrainingSettings(string defaultPreset, TrainingOptions defaults)
{
    private const string FastPreset = "fast";
    private const string PaperPreset = "paper";
    private const string CertifiedPreset = "certified";
    private const string CertifiedLinfPreset = "certified-linf";

    private static readonly Dictionary<string, RobustMethod> RobustMethods = new()
    {
        ["ibp"] = RobustMethod.Ibp,
        ["sabr"] = RobustMethod.Sabr,
        ["crown-ibp"] = RobustMethod.CrownIbp,
        ["mixtrain"] = RobustMethod.MixTrain,
        ["wong-kolter"] = RobustMethod.WongKolter,
    };

    private readonly Option<string> _preset = Choice(
        "--preset",
        "The defaults of the other options. paper is section IV: ResNet-18 and the defaults "
        + $"{(defaultPreset == PaperPreset ? "shown here" : "that 'marginnet train --help' shows")}. "
        + "fast reaches its accuracy on a CPU in minutes: "
        + FormattableString.Invariant(
            $"FastNet, shifted-softmax at temperature {TrainingOptions.Fast.Temperature}, {TrainingOptions.Fast.Epochs} epochs of batch {TrainingOptions.Fast.BatchSize}, SGD, one cycle to {TrainingOptions.Fast.LearningRate} ({TrainingOptions.Fast.BiasRateFactor} times that for biases), augmentation by {TrainingOptions.Fast.MaxShift} pixels, images of {TrainingOptions.Fast.InitialSize} pixels at first. ")
        + FormattableString.Invariant(
            $"certified is for radii that are not vacuous: LipNet, shifted-softmax, mu {TrainingOptions.Certified.TargetMargin}, temperature {TrainingOptions.Certified.Temperature}, {TrainingOptions.Certified.Epochs} epochs of batch {TrainingOptions.Certified.BatchSize}, Adam, one cycle to {TrainingOptions.Certified.LearningRate}, augmentation by {TrainingOptions.Certified.MaxShift} pixels; with --arch orthonet a cycle to {TrainingOptions.CertifiedOrthogonal.LearningRate}, with --arch liresnet to {TrainingOptions.CertifiedResidual.LearningRate}, and EMMA to a radius of {TrainingOptions.CertifiedResidual.LipschitzMargin}. ")
        + FormattableString.Invariant(
            $"certified-linf is for certificates of the largest change of a pixel: ConvNet, --robust ibp --epsilon 8/255, shifted-softmax, mu {TrainingOptions.CertifiedLinf.TargetMargin}, {TrainingOptions.CertifiedLinf.Epochs} epochs of batch {TrainingOptions.CertifiedLinf.BatchSize} after one of cross-entropy, epsilon ramped over {TrainingOptions.CertifiedLinf.RampEpochs}, Adam, half a cosine from {TrainingOptions.CertifiedLinf.LearningRate}, augmentation by {TrainingOptions.CertifiedLinf.MaxShift} pixels."),
        [PaperPreset, FastPreset, CertifiedPreset, CertifiedLinfPreset],
        defaultPreset);

    private readonly Option<string?> _architecture = new Option<string?>("--arch")
    {
        Description = "The network: resnet18 (of the preset paper), fastnet (fast), lipnet (certified), which is 1-Lipschitz by its "
            + "construction, orthonet, of matrices that --parseval keeps orthonormal, liresnet, of linear residual blocks whose norms "
            + "training sees, or convnet (certified-linf), small and easy to bound.",
    }.AcceptOnlyFromAmong("resnet18", "fastnet", "lipnet", "orthonet", "liresnet", "convnet");

    private readonly Option<double> _mu = Number.Positive(
        "--mu",
        "The margin prescribed for every training image, in logits; in orthonet and lipnet sqrt(2) times a radius in pixels.",
        defaults.TargetMargin);

    private readonly Option<double?> _lipschitzMargin = Number.Optional<double>(
        "--lipschitz-margin",
        "Instead of --mu, prescribe a class-pure ball of this radius (l2, pixels in [0, 1]; 36/255, say): "
        + "each rival is raised by EPS times the network's present Lipschitz constant. "
        + FormattableString.Invariant($"Default {TrainingOptions.CertifiedResidual.LipschitzMargin} in liresnet by the preset certified."),
        value => value > 0,
        "a radius above 0");

    private readonly Option<string?> _robust = new Option<string?>("--robust")
    {
        Description = "Train by bounds: margins are those at worst in the box of --epsilon around each image. By intervals (ibp), or those of "
            + "a small box around a point that an attack finds (sabr, for small epsilons); by linear functions: crown-ibp, mixtrain (of a "
            + "random part of the samples) and wong-kolter (the dual; for networks of some hundred gates).",
    }.AcceptOnlyFromAmong([.. RobustMethods.Keys]);

    private readonly Option<double?> _epsilon = Number.Optional<double>(
        "--epsilon", "With --robust: the largest change of a pixel in [0,1]; by default 8/255.", value => value is > 0 and <= 1,
        "a number above 0, at most 1");

    private readonly Option<string?> _norm = new Option<string?>("--norm")
    {
        Description = "With --robust: how changes are measured; linf, the largest change of a pixel, is all there is.",
    }.AcceptOnlyFromAmong("linf");

    private readonly Option<double?> _naturalShare = Number.Optional<double>(
        "--natural-share", "With --robust: the weight of the loss at the images themselves; by default 0. mixtrain finds it.",
        value => value is >= 0 and < 1, "a number, at least 0 and below 1");

    private readonly Option<double?> _boxShare = Number.Optional<double>(
        "--box-share", "With --robust sabr: the radius of the small box as a share of --epsilon; by default 0.4.",
        value => value is > 0 and <= 1, "a number above 0, at most 1");

    private readonly Option<double?> _lipschitzProjection = Number.Optional<double>(
        "--lipschitz-projection", "After each step, scale layers of an operator norm above K down to K.", value => value > 0,
        "a norm above 0");

    private readonly Option<double?> _parseval = Number.Optional<double>(
        "--parseval", "After each step, move the weights of convolutions and linear layers this share of the way to orthonormal rows. "
            + $"Default {TrainingOptions.CertifiedOrthogonal.Parseval} in orthonet.",
        value => value is > 0 and <= 0.5, "a share above 0 and at most 0.5");

    private readonly Option<string> _loss = Choice(
        "--loss",
        "dual is (9) as printed, which feels mu only between rounds; dual-hinge its hinge; dual-normalized (8); shifted-softmax (7); "
        + "emma that with shifts that grow with the margins, up to mu; margin-ratio (6).",
        MarginLoss.All.Select(loss => loss.Name),
        defaults.Loss.Name);

    private readonly Option<double> _temperature =
        Number.Positive("--temperature", "Scores and mu are divided by it inside the loss.", defaults.Temperature);

    private readonly Option<double?> _outputScale = Number.Optional<double>(
        "--output-scale", "A constant factor of the network's scores; by default the temperature, and 1 in orthonet, lipnet and liresnet.", value => value > 0,
        "a number above 0");

    private readonly Option<int> _rounds =
        Number.Count("--rounds", "Rounds of the outer loop at most; it ends when every margin is met.", defaults.Rounds);
    private readonly Option<int> _epochs = Number.Count("--epochs", "Epochs of each round.", defaults.Epochs);
    private readonly Option<int> _warmupEpochs =
        Number.CountOrNone("--warmup-epochs", "Epochs of cross-entropy before the first round.", defaults.WarmupEpochs);
    private readonly Option<int> _rampEpochs =
        Number.CountOrNone("--ramp-epochs", "Epochs over which mu, or with --robust epsilon, grows from 0 to its value.", defaults.RampEpochs);

    private readonly Option<string> _lambdaUpdate = Choice(
        "--lambda-update",
        "How the weights change between rounds: multiply where violated, multiply-divide (and divide where met), add where violated, "
        + "ascend (in proportion to the violation).",
        DualUpdate.Names,
        defaults.DualUpdate.Name);

    private readonly Option<double?> _delta = Number.Optional<double>(
        "--delta",
        "The step of --lambda-update: a factor above 1 (default 2), the amount to add (default 1), or the rate of ascent (default 0.01).",
        value => value > 0,
        "a number above 0");

    private readonly Option<double?> _lambdaCap =
        Number.Optional<double>("--lambda-cap", "The largest weight; by default there is none.", value => value > 0, "a number above 0");
    private readonly Option<int> _batchSize = Number.Count("--batch-size", "Images in a step.", defaults.BatchSize);
    private readonly Option<string> _optimizer = Choice("--optimizer", "The optimiser.", Names<OptimizerKind>(), Lower(defaults.Optimizer));
    private readonly Option<double> _rate = Number.Positive("--lr", "The peak learning rate.", defaults.LearningRate);
    private readonly Option<double> _biasRateFactor = Number.Positive(
        "--bias-rate-factor", "With --optimizer sgd: the learning rate of biases and batch-norm, in units of --lr.",
        defaults.BiasRateFactor);
    private readonly Option<string> _schedule =
        Choice("--schedule", "How the learning rate moves over a round.", Names<LearningRateSchedule>(), Lower(defaults.Schedule));
    private readonly Option<double> _weightDecay =
        Number.NotNegative("--weight-decay", "The optimiser's weight decay.", defaults.WeightDecay);
    private readonly Option<bool> _augment = new("--augment")
    {
        Description = "Shift training images by up to --max-shift pixels and flip them at random; the paper does not.",
    };
    private readonly Option<int> _maxShift =
        Number.CountOrNone("--max-shift", "Pixels by which --augment shifts at most.", defaults.MaxShift);
    private readonly Option<int?> _initialSize = Number.Optional<int>(
        "--initial-size", "Shrink training images to N pixels at first and let them grow to their size over four fifths of the epochs; for networks "
            + "that take images of any size.",
        value => value >= 1,
        "a whole number of at least 1");
    private readonly Option<int> _seed = Number.CountOrNone("--seed", "Same seed, machine and threads: same weights.", defaults.Seed);

    public TrainingSettings()
        : this(PaperPreset, new())
    {
    }

    /// <summary>Those whose preset is the fast one unless another is asked for.</summary>
    public static TrainingSettings Fast() => new(FastPreset, TrainingOptions.Fast) { RecordsMargins = true };

    /// <summary>Whether margins are recorded in training, which are to be those of the images as they are.</summary>
    public bool RecordsMargins { get; init; }

    public Option[] All =>
    [
        _preset, _architecture, _mu, _lipschitzMargin, _lipschitzProjection, _parseval, _robust, _epsilon, _norm, _naturalShare,
        _boxShare, _loss, _temperature, _outputScale, _rounds, _epochs,
        _warmupEpochs, _rampEpochs, _lambdaUpdate, _delta, _lambdaCap,
        _batchSize, _optimizer, _rate, _biasRateFactor, _schedule, _weightDecay, _augment, _maxShift, _initialSize, _seed,
    ];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    public TrainingOptions Read(ParseResult parsed)
    {
        var (update, delta) = (parsed.GetValue(_lambdaUpdate)!, parsed.GetValue(_delta));
        if (delta <= 1 && update.StartsWith("multiply", StringComparison.Ordinal))
        {
            throw new UserErrorException(
                FormattableString.Invariant($"--delta is {delta}, but --lambda-update {update} needs a factor above 1."));
        }

        if (delta is not null && parsed.GetValue(_rounds) == 1)
        {
            throw new UserErrorException("--delta has no effect in a single round: add --rounds N.");
        }

        if (parsed.GetValue(_lipschitzMargin) is not null && parsed.IsGiven(_mu))
        {
            throw new UserErrorException("--lipschitz-margin takes the place of --mu: leave one of them out.");
        }

        if (Architecture(parsed) == nameof(LipNet)
            && new[] { _lipschitzProjection, _parseval }.FirstOrDefault(control => parsed.GetValue(control) is not null) is { } useless)
        {
            throw new UserErrorException(
                $"{useless.Name} has no effect on --arch lipnet, whose layers are 1-Lipschitz: leave it out.");
        }

        var preset = DefaultsOf(parsed.GetValue(_preset)!, Architecture(parsed));
        var loss = parsed.IsGiven(_loss) ? MarginLoss.Parse(parsed.GetValue(_loss)!) : preset.Loss;
        T Value<T>(Option<T> option, T byPreset) => parsed.IsGiven(option) ? parsed.GetValue(option)! : byPreset;
        return preset with
        {
            TargetMargin = Value(_mu, preset.TargetMargin),
            Loss = loss,
            // There is no margin whose unit it could be.
            Temperature = Value(_temperature, loss == MarginLoss.CrossEntropy ? 1 : preset.Temperature),
            LipschitzMargin = LipschitzMargin(parsed, preset),
            LipschitzProjection = parsed.GetValue(_lipschitzProjection),
            Parseval = parsed.GetValue(_parseval)
                ?? (Architecture(parsed) == nameof(OrthogonalNet) ? TrainingOptions.CertifiedOrthogonal.Parseval : null),
            Robust = Robust(parsed, preset, loss),
            Rounds = Value(_rounds, preset.Rounds),
            Epochs = Value(_epochs, preset.Epochs),
            WarmupEpochs = Value(_warmupEpochs, preset.WarmupEpochs),
            RampEpochs = Value(_rampEpochs, preset.RampEpochs),
            DualUpdate = DualUpdate.Create(update, delta),
            DualWeightCap = parsed.GetValue(_lambdaCap) ?? double.PositiveInfinity,
            BatchSize = Value(_batchSize, preset.BatchSize),
            Optimizer = parsed.IsGiven(_optimizer)
                ? Enum.Parse<OptimizerKind>(parsed.GetValue(_optimizer)!, ignoreCase: true)
                : preset.Optimizer,
            LearningRate = Value(_rate, preset.LearningRate),
            Schedule = parsed.IsGiven(_schedule)
                ? Enum.Parse<LearningRateSchedule>(parsed.GetValue(_schedule)!, ignoreCase: true)
                : preset.Schedule,
            WeightDecay = Value(_weightDecay, preset.WeightDecay),
            BiasRateFactor = BiasRateFactor(parsed, preset),
            Augment = Value(_augment, preset.Augment),
            MaxShift = Value(_maxShift, preset.MaxShift),
            InitialSize = InitialSize(parsed, preset),
            Seed = Value(_seed, preset.Seed),
        };
    }

    /// <summary>The preset's goes with fresh networks that take images of any size, losses that need no bounds, and where no margins are
    /// recorded.</summary>
    private int? InitialSize(ParseResult parsed, TrainingOptions preset)
    {
        var (given, robust, radius) = (parsed.GetValue(_initialSize), parsed.GetValue(_robust), parsed.GetValue(_lipschitzMargin));
        if (given is not null && (robust is not null || radius is not null))
        {
            throw new UserErrorException(
                $"{(robust is not null ? _robust.Name : _lipschitzMargin.Name)} bounds images of one size: leave --initial-size out.");
        }

        var takesPreset = Architecture(parsed) is nameof(FastNet) or nameof(ResNet18) && parsed.GetResult(NetworkOptions.Init) is null
            && robust is null && radius is null && !RecordsMargins && parsed.GetResult(AuditOptions.Audit) is null;
        return given ?? (takesPreset ? preset.InitialSize : null);
    }

    /// <summary>The radius asked for; else the preset's, unless margins of another kind are asked for.</summary>
    private double LipschitzMargin(ParseResult parsed, TrainingOptions preset) => parsed.GetValue(_lipschitzMargin)
        ?? (parsed.IsGiven(_mu) || parsed.IsGiven(_robust) ? 0 : preset.LipschitzMargin);

    /// <summary>What is bounded in training, by default as the preset says.</summary>
    private RobustOptions? Robust(ParseResult parsed, TrainingOptions preset, MarginLoss loss)
    {
        var asked = parsed.GetValue(_robust);
        if ((asked is null ? preset.Robust : new()) is not { } robust)
        {
            Option[] own = [_epsilon, _norm, _naturalShare, _boxShare];
            return Array.Find(own, parsed.IsGiven) is { } idle
                ? throw new UserErrorException($"{idle.Name} has no effect without --robust: add --robust ibp, say, or leave it out.")
                : null;
        }

        if (parsed.GetValue(_lipschitzMargin) is not null)
        {
            throw new UserErrorException("--robust and --lipschitz-margin each say what margins are of: leave one of them out.");
        }

        if (loss.NeedsRectifiedScores)
        {
            throw new UserErrorException($"--loss {loss} {loss.Equation} needs scores >= 0, but with --robust it sees differences: "
                + "choose another, such as shifted-softmax.");
        }

        var method = asked is null ? robust.Method : RobustMethods[asked];
        if (parsed.IsGiven(_boxShare) && method != RobustMethod.Sabr)
        {
            throw new UserErrorException("--box-share is the small box of --robust sabr: leave it out.");
        }

        if (parsed.IsGiven(_naturalShare) && method == RobustMethod.MixTrain)
        {
            throw new UserErrorException("--natural-share is what --robust mixtrain finds itself: leave it out.");
        }

        return robust with
        {
            Method = method,
            Epsilon = parsed.GetValue(_epsilon) ?? robust.Epsilon,
            NaturalShare = parsed.GetValue(_naturalShare) ?? robust.NaturalShare,
            BoxShare = parsed.GetValue(_boxShare) ?? robust.BoxShare,
        };
    }

    /// <summary>The name of a method of bounds.</summary>
    private static string NameOf(RobustMethod method) => RobustMethods.First(pair => pair.Value == method).Key;

    /// <summary>Says where the margin asked for is not what the loss works towards.</summary>
    public void Remark(TrainingOptions options, TextWriter notes)
    {
        if (options.Loss == MarginLoss.Dual && options.LipschitzMargin == 0)
        {
            var when = options.Rounds == 1
                ? "there is but one"
                : FormattableString.Invariant($"feels it only between the {options.Rounds} there are");
            notes.WriteLine(FormattableString.Invariant(
                $"note: {_loss.Name} {options.Loss}, (9) as printed, does not feel {_mu.Name} {options.TargetMargin} within a round, and {when}: {_loss.Name} shifted-softmax or dual-hinge does."));
        }
    }

    /// <summary>Sets each option that a preset may decide.</summary>
    public void Resolve(TrainingOptions options, Action<string, object> set)
    {
        if (options.LipschitzMargin > 0)
        {
            set(_lipschitzMargin.Name, options.LipschitzMargin);
        }
        else
        {
            set(_mu.Name, options.TargetMargin);
        }

        set(_loss.Name, options.Loss.Name);
        set(_temperature.Name, options.Temperature);
        set(_rounds.Name, (long)options.Rounds);
        set(_epochs.Name, (long)options.Epochs);
        set(_warmupEpochs.Name, (long)options.WarmupEpochs);
        set(_rampEpochs.Name, (long)options.RampEpochs);
        set(_batchSize.Name, (long)options.BatchSize);
        set(_optimizer.Name, Lower(options.Optimizer));
        set(_rate.Name, options.LearningRate);
        set(_schedule.Name, Lower(options.Schedule));
        set(_weightDecay.Name, options.WeightDecay);
        set(_augment.Name, options.Augment);
        set(_maxShift.Name, (long)options.MaxShift);
        if (options.InitialSize is { } initialSize)
        {
            set(_initialSize.Name, (long)initialSize);
        }

        set(_seed.Name, (long)options.Seed);
        if (options.Robust is { } robust)
        {
            set(_robust.Name, NameOf(robust.Method));
            set(_epsilon.Name, robust.Epsilon);
            if (robust.Method != RobustMethod.MixTrain)
            {
                set(_naturalShare.Name, robust.NaturalShare);
            }

            if (robust.Method == RobustMethod.Sabr)
            {
                set(_boxShare.Name, robust.BoxShare);
            }
        }

        if (options.Optimizer == OptimizerKind.Sgd)
        {
            set(_biasRateFactor.Name, options.BiasRateFactor);
        }

        if (options.Rounds > 1)
        {
            set(_lambdaUpdate.Name, options.DualUpdate.Name);
            set(_delta.Name, options.DualUpdate.Step);
        }
    }

    private static TrainingOptions DefaultsOf(string preset, string? architecture = null) => preset switch
    {
        FastPreset => TrainingOptions.Fast,
        CertifiedPreset => architecture switch
        {
            nameof(OrthogonalNet) => TrainingOptions.CertifiedOrthogonal,
            nameof(LiResNet) => TrainingOptions.CertifiedResidual,
            _ => TrainingOptions.Certified,
        },
        CertifiedLinfPreset => TrainingOptions.CertifiedLinf,
        _ => new(),
    };

    /// <summary>The preset's factor goes with the preset's optimiser; one that is given needs an optimiser that takes it.</summary>
    private double BiasRateFactor(ParseResult parsed, TrainingOptions preset)
    {
        var isSgd = (parsed.IsGiven(_optimizer) ? parsed.GetValue(_optimizer) : Lower(preset.Optimizer)) == Lower(OptimizerKind.Sgd);
        if (!parsed.IsGiven(_biasRateFactor))
        {
            return isSgd ? preset.BiasRateFactor : 1;
        }

        return isSgd ? parsed.GetValue(_biasRateFactor) : throw new UserErrorException("--bias-rate-factor needs --optimizer sgd.");
    }

    /// <summary>The name of the network's class: the one asked for, or the preset's.</summary>
    public string Architecture(ParseResult parsed) => (parsed.GetValue(_architecture), parsed.GetValue(_preset)) switch
    {
        ("orthonet", _) => nameof(OrthogonalNet),
        ("liresnet", _) => nameof(LiResNet),
        ("lipnet", _) or (null, CertifiedPreset) => nameof(LipNet),
        ("convnet", _) or (null, CertifiedLinfPreset) => nameof(ConvNet),
        ("fastnet", _) or (null, FastPreset) => nameof(FastNet),
        _ => nameof(ResNet18),
    };

    /// <summary>Whether a network is asked for by name.</summary>
    public bool IsArchitectureGiven(ParseResult parsed) => parsed.GetValue(_architecture) is not null;

    /// <summary>The factor of the network's scores, if one is asked for.</summary>
    public double? OutputScale(ParseResult parsed) => parsed.GetValue(_outputScale);

    /// <summary>The name under which <see cref="Describe"/> keeps the share of the training images kept for calibration;
    /// 0 for none.</summary>
    public const string HeldOutShare = "held_out_share";

    /// <summary>The name under which a model keeps how many images were left out, where labels are not those of the data.</summary>
    public const string OtherLabels = "dropped_count";

    /// <summary>The settings as plain values, for the model file and the history.</summary>
    public static Dictionary<string, object?> Describe(
        TrainingOptions options, string data, int trained, int heldOut, double heldOutShare) => new()
        {
            ["data"] = data,
            ["train_count"] = (long)trained,
            ["held_out_count"] = (long)heldOut,
            [HeldOutShare] = heldOutShare,
            ["loss"] = options.Loss.Name,
            ["mu"] = options.TargetMargin,
            ["temperature"] = options.Temperature,
            ["lipschitz_margin"] = options.LipschitzMargin,
            ["lipschitz_projection"] = options.LipschitzProjection,
            ["parseval"] = options.Parseval,
            ["robust"] = options.Robust is { } robust ? NameOf(robust.Method) : null,
            ["epsilon"] = options.Robust?.Epsilon,
            ["natural_share"] = options.Robust?.NaturalShare,
            ["box_share"] = options.Robust is { Method: RobustMethod.Sabr } ? options.Robust.BoxShare : null,
            ["rounds"] = (long)options.Rounds,
            ["epochs"] = (long)options.Epochs,
            ["warmup_epochs"] = (long)options.WarmupEpochs,
            ["ramp_epochs"] = (long)options.RampEpochs,
            ["lambda_update"] = options.DualUpdate.Name,
            ["delta"] = options.DualUpdate.Step,
            ["batch_size"] = (long)options.BatchSize,
            ["optimizer"] = Lower(options.Optimizer),
            ["learning_rate"] = options.LearningRate,
            ["schedule"] = Lower(options.Schedule),
            ["weight_decay"] = options.WeightDecay,
            ["bias_rate_factor"] = options.BiasRateFactor,
            ["augment"] = options.Augment,
            ["max_shift"] = (long)options.MaxShift,
            ["initial_size"] = (long?)options.InitialSize,
            ["seed"] = (long)options.Seed,
            ["threads"] = (long)get_num_threads(),
            ["precision"] = options.Precision == Precision.Float32 ? null : Lower(options.Precision), // As before there was a choice.
        };

    private static Option<string> Choice(string name, string description, IEnumerable<string> values, string byDefault)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => byDefault };
        return option.AcceptOnlyFromAmong([.. values]);
    }

    private static IEnumerable<string> Names<T>()
        where T : struct, Enum => Enum.GetValues<T>().Select(Lower);

#pragma warning disable CA1308 // Normalize strings to uppercase: command-line values are lower case.
    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}
