using System.Collections.Immutable;
using MarginNet.Distributed;
using MarginNet.Losses;

namespace MarginNet.Training;

/// <summary>How a network is trained. The defaults are section IV's: loss (9), μ = 50, 200 epochs, batch 32, learning rate 1e-4.</summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// The fast preset, for a <see cref="Models.FastNet"/> whose output scale is this <see cref="Temperature"/>: CIFAR-10 in minutes on a
    /// CPU. Equation (7) at temperature 25, so that μ = 50 asks as little patience as cross-entropy; 11 epochs of batch 128, SGD with one
    /// cycle to 0.4 and 8 times that for biases, augmentation by 2 pixels, images of 24 pixels at first.
    /// </summary>
    public static TrainingOptions Fast { get; } = new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        Temperature = 25,
        Epochs = 11,
        BatchSize = 128,
        Optimizer = OptimizerKind.Sgd,
        LearningRate = 0.4,
        BiasRateFactor = 8,
        Schedule = LearningRateSchedule.OneCycle,
        WeightDecay = 5e-4,
        Augment = true,
        MaxShift = 2,
        InitialSize = 24,
    };

    /// <summary>
    /// The certified preset, for a <see cref="Models.LipNet"/> of output scale 1,
    /// where a margin of μ is a class-pure ball of radius μ/√2 at least: equation (7) with μ = 0.6 at temperature 0.5, 48 epochs of batch
    /// 128, Adam with one cycle to 0.01, augmentation by 2 pixels.
    /// </summary>
    public static TrainingOptions Certified { get; } = new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        TargetMargin = 0.6,
        Temperature = 0.5,
        Epochs = 48,
        BatchSize = 128,
        LearningRate = 0.01,
        Schedule = LearningRateSchedule.OneCycle,
        Augment = true,
        MaxShift = 2,
    };

    /// <summary>The same for a <see cref="Models.OrthogonalNet"/> of output scale 1: one cycle to 0.002, and a Parseval step of ½ that
    /// keeps its weights orthonormal.</summary>
    public static TrainingOptions CertifiedOrthogonal { get; } = Certified with
    {
        LearningRate = 0.002,
        Parseval = 0.5,
    };

    /// <summary>The same for a <see cref="Models.LiResNet"/>: <see cref="MarginLoss.Emma"/> to a radius of 0.21, whose constants are
    /// those of the network as it stands, one cycle to 0.001.</summary>
    public static TrainingOptions CertifiedResidual { get; } = Certified with
    {
        Loss = MarginLoss.Emma,
        LipschitzMargin = 0.21,
        LearningRate = 0.001,
    };

    /// <summary>
    /// The preset for certificates in ℓ∞, for a <see cref="Models.ConvNet"/> drawn by <see cref="Models.IntervalInitialization"/>: bounds
    /// by intervals within 8/255, equation (7) with μ = 0.1, 24 epochs of batch 128 after one of cross-entropy, ε ramped over 12 of them,
    /// Adam with half a cosine from 0.002, augmentation by 4 pixels.
    /// </summary>
    public static TrainingOptions CertifiedLinf { get; } = new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        TargetMargin = 0.1,
        Epochs = 24,
        WarmupEpochs = 1,
        RampEpochs = 12,
        BatchSize = 128,
        LearningRate = 0.002,
        Schedule = LearningRateSchedule.Cosine,
        Augment = true,
        Robust = new(),
    };

    /// <summary>The objective. Default equation (9) as printed, which feels μ only between rounds;
    /// <see cref="MarginLoss.DualHinge"/> feels it always.</summary>
    public MarginLoss Loss { get; init; } = MarginLoss.Dual;

    /// <summary>The margin μ prescribed for every training sample, in logits. Default 50.</summary>
    public double TargetMargin { get; init; } = 50;

    /// <summary>A margin of its own for each training sample; empty, the default, for <see cref="TargetMargin"/> everywhere.</summary>
    public ImmutableArray<double> SampleMargins { get; init; } = [];

    /// <summary>
    /// A constant by which the loss divides scores and μ, above 0. Default 1. Equation (7) at a temperature T is the smooth hinge whose
    /// gradient fades once a margin passes μ by a few T; the losses (9) and its hinge are divided by T; (6) and (8) do not feel it.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// ε of Lipschitz-margin training (Tsuzuku et al., 2018), in ℓ2 and [0, 1] pixels: what is prescribed for every sample is no margin but
    /// a class-pure ball of this radius. In the loss each rival i is raised by ε·L_ci of the present network, and between rounds radii
    /// are checked by the proven bound. Default 0: margins of <see cref="TargetMargin"/>; above 0 it takes their place, ramp included.
    /// </summary>
    public double LipschitzMargin { get; init; }

    /// <summary>
    /// K of a projection after each step (Gouk et al., 2021): convolutions,
    /// linear layers and batch-norms of an operator norm above K are scaled down to it. By power iteration,
    /// so norms end up at K within a percent or so. Default null: none.
    /// </summary>
    public double? LipschitzProjection { get; init; }

    /// <summary>
    /// β of Parseval networks (Cissé et al., 2017), in (0, 0.5]: after each step the weights W of convolutions and linear layers become
    /// (1 + β)W − βWWᵀW, which moves them towards orthonormal rows or columns; of a convolution, its kernels as rows times the root of the
    /// number of taps. Their sums of branches with learned convex weights are not part of it. Default null: none.
    /// </summary>
    public double? Parseval { get; init; }

    /// <summary>Training by bounds: margins, and so losses, λ and the constraints between rounds, are of the scores at worst in a box
    /// around each image. Float32 on a CPU. Default null: margins at the images themselves.</summary>
    public RobustOptions? Robust { get; init; }

    /// <summary>Epochs over which μ grows linearly from 0 to its full value, at the start of margin training; with <see cref="Robust"/> it
    /// is ε that grows. Default 0: at once.</summary>
    public int RampEpochs { get; init; }

    /// <summary>The most rounds of the outer loop (steps 1 to 4); it ends sooner when every constraint is met. Default 1.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>Epochs of each round. Default 200.</summary>
    public int Epochs { get; init; } = 200;

    /// <summary>Epochs of cross-entropy before the first round. Default 0: none.</summary>
    public int WarmupEpochs { get; init; }

    /// <summary>How λ changes between rounds. Default: doubled where the constraint is violated.</summary>
    public DualUpdate DualUpdate { get; init; } = DualUpdate.Multiply();

    /// <summary>Whether λ is scaled to mean 1 after each update. Default true.</summary>
    public bool NormalizeDualWeights { get; init; } = true;

    /// <summary>The largest λ. Default infinity: no cap.</summary>
    public double DualWeightCap { get; init; } = double.PositiveInfinity;

    /// <summary>Samples in a step. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>The optimiser. Default Adam; the paper does not say.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Adam;

    /// <summary>The peak learning rate. Default 1e-4.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>The shape of the learning rate over a round. Default constant.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;

    /// <summary>The optimiser's weight decay. Default 0: none.</summary>
    public double WeightDecay { get; init; }

    /// <summary>
    /// The factor of the learning rate of biases and batch-norm parameters, and the divisor of their weight decay, above 0. Default 1.
    /// Only stochastic gradient descent takes another one.
    /// </summary>
    public double BiasRateFactor { get; init; } = 1;

    /// <summary>Whether training images are shifted by up to <see cref="MaxShift"/> pixels and flipped at random. Default false,
    /// as in the paper.</summary>
    public bool Augment { get; init; }

    /// <summary>The largest shift of the augmentation, in pixels, at least 0; smaller images than that are shifted less.
    /// Default 4.</summary>
    public int MaxShift { get; init; } = 4;

    /// <summary>
    /// Progressive resizing: the lesser of height and width, in pixels, to which training images are shrunk at first; they grow by 4 pixels at a time
    /// and have their own size for the last fifth of a round; images no larger than that keep it throughout. Null, the default, for no resizing. Only networks that take
    /// images of any size can be trained so.
    /// </summary>
    public int? InitialSize { get; init; }

    /// <summary>
    /// In what steps, and the accuracies between them, are computed. Default <see cref="Precision.Float32"/>;
    /// weights, batch-norm statistics, the last layer, losses and the optimiser's memory are float32 whatever it is,
    /// and so are the scores that a round ends with. <see cref="Precision.Float16"/> scales the loss, and its steps wait for the device.
    /// </summary>
    public Precision Precision { get; init; }

    /// <summary>
    /// Whether the optimiser's step is one fused operator of LibTorch, about three times as fast as TorchSharp's and the same but for
    /// the last digits. Default true; where LibTorch does not export the way to it (before 2.10) it is TorchSharp's.
    /// </summary>
    public bool FusedSteps { get; init; } = true;

    /// <summary>The seed of the order of the samples and of the augmentation. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Whether the labelled margin of every sample in every epoch is recorded, for an audit of the labels
    /// (<see cref="TrainingResult.Margins"/>). It is that of the training pass, on the augmented image and in training mode while the
    /// weights move, and so costs nothing but 4·E·N + 4·N·C bytes, which are part of the kept state. Default false.
    /// </summary>
    public bool RecordMargins { get; init; }

    /// <summary>
    /// The processes that train together; null, the default, for this one alone. Each batch is split over them and gradients are summed,
    /// so that they take the steps of one process with the whole batch; rank 0 keeps the states. Every rank calls
    /// <see cref="MarginTrainer.Train"/> with the same network, data and options.
    /// </summary>
    public IProcessGroup? Group { get; init; }

    /// <summary>
    /// Whether batch-norms normalise by the samples of all ranks of a <see cref="Group"/>, as one process does by the whole batch.
    /// Default false: each rank by its own samples, which is faster; running statistics are averaged in every step.
    /// </summary>
    public bool SynchronizeBatchNorm { get; init; }

    /// <summary>
    /// Whether the same bytes result from any number of ranks, up to <see cref="FixedParts"/>, of the same kind and with as many threads:
    /// a batch has <see cref="FixedParts"/> parts whoever computes them, batch-norms normalise by a part, and gradients are summed in the
    /// order of the parts. Default false. It costs time, above all in small batches.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <summary>The parts of a batch of a <see cref="Deterministic"/> run, and so the most ranks that it may have.</summary>
    public const int FixedParts = 8;

    /// <summary>Where and how often the run keeps its state, and whether it goes on from there. Default null: it keeps none.</summary>
    public TrainingCheckpoints? Checkpoints { get; init; }

    /// <summary>What is prescribed for each of <paramref name="count"/> samples: a margin,
    /// or the radius <see cref="LipschitzMargin"/>.</summary>
    internal double[] TargetMargins(int count)
    {
        if (!SampleMargins.IsEmpty && SampleMargins.Length != count)
        {
            throw new ArgumentException(
                $"Expected {count} sample margins, one for each training sample, but got {SampleMargins.Length}.", nameof(count));
        }

        return SampleMargins.IsEmpty
            ? [.. Enumerable.Repeat(LipschitzMargin > 0 ? LipschitzMargin : TargetMargin, count)]
            : [.. SampleMargins];
    }

    internal void ThrowIfInvalid()
    {
        ThrowIfNotPositive(TargetMargin, nameof(TargetMargin));
        foreach (var margin in SampleMargins)
        {
            ThrowIfNotPositive(margin, nameof(SampleMargins));
        }

        ThrowIfNotPositive(Temperature, nameof(Temperature));
        if (!(LipschitzMargin >= 0) || double.IsInfinity(LipschitzMargin))
        {
            throw new ArgumentOutOfRangeException(
                nameof(LipschitzMargin), LipschitzMargin, $"{nameof(LipschitzMargin)} must be at least 0 and finite.");
        }

        if (LipschitzMargin > 0 && !SampleMargins.IsEmpty)
        {
            throw new ArgumentException($"{nameof(LipschitzMargin)} takes the place of margins: leave {nameof(SampleMargins)} empty.");
        }

        if (LipschitzProjection is { } norm)
        {
            ThrowIfNotPositive(norm, nameof(LipschitzProjection));
        }

        if (Parseval is { } share && !(share is > 0 and <= 0.5))
        {
            throw new ArgumentOutOfRangeException(nameof(Parseval), share, $"{nameof(Parseval)} must be above 0 and at most 0.5.");
        }

        Robust?.ThrowIfInvalid();
        if (Robust is not null && (LipschitzMargin > 0 || Precision is not (Precision.Float32 or Precision.Auto)))
        {
            throw new ArgumentException($"Training by bounds is in float32 and without {nameof(LipschitzMargin)}: leave one of them out.");
        }

        if (Robust is not null && (Group is not null || Deterministic))
        {
            throw new ArgumentException($"Training by bounds is of one process: leave {nameof(Group)} and {nameof(Deterministic)} out.");
        }

        if (Robust is not null && Loss.NeedsRectifiedScores)
        {
            throw new ArgumentException($"The loss {Loss} {Loss.Equation} needs scores >= 0, but the worst scores of training by bounds are "
                + "differences: choose another, such as shifted-softmax.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(RampEpochs);
        ArgumentOutOfRangeException.ThrowIfLessThan(Rounds, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Epochs);
        ArgumentOutOfRangeException.ThrowIfNegative(WarmupEpochs);
        ThrowIfNotPositive(DualWeightCap, nameof(DualWeightCap));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ThrowIfNotPositive(LearningRate, nameof(LearningRate));
        ArgumentOutOfRangeException.ThrowIfNegative(WeightDecay);
        Checkpoints?.ThrowIfInvalid();
        ThrowIfNotSplittable();
        ThrowIfNotPositive(BiasRateFactor, nameof(BiasRateFactor));
        ArgumentOutOfRangeException.ThrowIfNegative(MaxShift);
        ArgumentOutOfRangeException.ThrowIfLessThan(InitialSize ?? 1, 1, nameof(InitialSize));
        if (InitialSize is not null && (Robust is not null || LipschitzMargin > 0))
        {
            throw new ArgumentException($"Bounds are those of one image size: leave {nameof(InitialSize)} out.");
        }

        if (BiasRateFactor != 1 && Optimizer != OptimizerKind.Sgd)
        {
            throw new ArgumentException(
                $"A rate of its own for biases (factor {BiasRateFactor}) needs the optimiser Sgd, but it is {Optimizer}.");
        }
    }

    private void ThrowIfNotSplittable()
    {
        if (BatchSize < Group?.Size)
        {
            throw new ArgumentException($"A batch of {BatchSize} cannot be split over {Group.Size} ranks: raise {nameof(BatchSize)}.");
        }

        if (!Deterministic)
        {
            return;
        }

        if (Group?.Size > FixedParts)
        {
            throw new ArgumentException($"{nameof(Deterministic)} is for up to {FixedParts} ranks, but there are {Group.Size}.");
        }

        if (SynchronizeBatchNorm || LipschitzMargin > 0)
        {
            throw new ArgumentException($"{nameof(Deterministic)} goes with neither {nameof(SynchronizeBatchNorm)} nor "
                + $"{nameof(LipschitzMargin)}: leave one of them out.");
        }
    }

    private static void ThrowIfNotPositive(double value, string name)
    {
        if (!(value > 0))
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be above 0.");
        }
    }
}
