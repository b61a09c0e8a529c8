using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>The sums behind an epoch's running figures, kept on the device so that a step need not wait for them.</summary>
internal sealed class TrainingTally : IDisposable
{
    private readonly Tensor _sums; // Loss × samples, right decisions, met constraints.

    public TrainingTally(Device device)
        : this(device, [0, 0, 0], 0)
    {
    }

    /// <summary>Goes on from sums that <see cref="Sums"/> returned.</summary>
    public TrainingTally(Device device, double[] sums, long samples)
    {
        _sums = tensor(sums, device: device).DetachFromDisposeScope();
        Samples = samples;
    }

    /// <summary>The samples added.</summary>
    public long Samples { get; private set; }

    /// <summary>A copy of the sums, from where they are.</summary>
    public double[] Sums
    {
        get
        {
            using var onCpu = _sums.cpu();
            return onCpu.data<double>().ToArray();
        }
    }

    /// <summary>The mean loss at the last <see cref="Read"/>.</summary>
    public double Loss { get; private set; }

    /// <summary>The share of right decisions at the last <see cref="Read"/>.</summary>
    public double Accuracy { get; private set; }

    /// <summary>The share of met constraints at the last <see cref="Read"/>.</summary>
    public double ConstraintsMet { get; private set; }

    /// <summary>The sums over some samples: from their mean loss (a scalar), logits [N, C], the scores [N, C] that are to have the
    /// prescribed margins [N], and labels [N].</summary>
    public static Tensor Measure(Tensor meanLoss, Tensor logits, Tensor scores, Tensor targetMargins, Tensor labels)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var margins = Margins(logits, labels);
        var constrained = ReferenceEquals(scores, logits) ? margins : Margins(scores, labels);
        var met = (constrained >= targetMargins).sum();
        return stack([(meanLoss * labels.shape[0]).to(ScalarType.Float64), (margins > 0).sum(), met]).MoveToOuterDisposeScope();
    }

    /// <summary>The same where a part of the samples alone has constraints: their worst scores [K, C], prescribed margins [K] and labels
    /// [K]. They stand for all.</summary>
    public static Tensor Measure(
        Tensor meanLoss, Tensor logits, Tensor labels, Tensor worst, Tensor targetMargins, Tensor constrained)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var count = labels.shape[0];
        var met = (Margins(worst, constrained) >= targetMargins).to(ScalarType.Float64).mean() * count;
        return stack([(meanLoss * count).to(ScalarType.Float64), (Margins(logits, labels) > 0).sum(), met]).MoveToOuterDisposeScope();
    }

    /// <summary>Adds the sums over a batch.</summary>
    public void Add(Tensor sums, long samples)
    {
        using var inference = no_grad();
        _sums.add_(sums);
        Samples += samples;
    }

    /// <summary>Waits for the device and brings the figures up to date.</summary>
    public void Read()
    {
        var sums = Sums;
        (Loss, Accuracy, ConstraintsMet) = (sums[0] / Samples, sums[1] / Samples, sums[2] / Samples);
    }

    private static Tensor Margins(Tensor scores, Tensor labels) =>
        ClassScores.Own(scores, labels) - ClassScores.StrongestRival(scores, labels);

    public void Dispose() => _sums.Dispose();
}
