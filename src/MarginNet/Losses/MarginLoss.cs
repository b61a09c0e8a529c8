using System.Collections.Immutable;
using MarginNet.Margins;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Losses;

/// <summary>
/// A training objective by name: one of the per-sample losses (6) to (9), the hinge of (9), EMMA, or cross-entropy, weighted by λ.
/// </summary>
public sealed class MarginLoss
{
    private readonly Func<Tensor, Tensor, Tensor, Tensor> _formula;

    private MarginLoss(string name, string equation, Func<Tensor, Tensor, Tensor, Tensor> formula)
    {
        Name = name;
        Equation = equation;
        _formula = formula;
    }

    /// <summary>Equation (9), see <see cref="DualLoss"/>.</summary>
    public static MarginLoss Dual { get; } = new("dual", "(9)", DualLoss.Compute);

    /// <summary>The hinge of equation (9), see <see cref="DualHingeLoss"/>.</summary>
    public static MarginLoss DualHinge { get; } = new("dual-hinge", "hinge of (9)", DualHingeLoss.Compute);

    /// <summary>Equation (8), see <see cref="NormalizedDualLoss"/>.</summary>
    public static MarginLoss DualNormalized { get; } = new("dual-normalized", "(8)", NormalizedDualLoss.Compute)
    {
        NeedsRectifiedScores = true,
    };

    /// <summary>Equation (7), see <see cref="ShiftedSoftmaxLoss"/>.</summary>
    public static MarginLoss ShiftedSoftmax { get; } = new("shifted-softmax", "(7)", ShiftedSoftmaxLoss.Compute);

    /// <summary>Equation (7) with shifts that grow with the margins, see <see cref="EmmaLoss"/>.</summary>
    public static MarginLoss Emma { get; } = new("emma", "EMMA", EmmaLoss.Compute);

    /// <summary>Equation (6), see <see cref="MarginRatioLoss"/>.</summary>
    public static MarginLoss MarginRatio { get; } = new("margin-ratio", "(6)", MarginRatioLoss.Compute) { NeedsRectifiedScores = true };

    /// <summary>−log softmax(f)_c, the baseline: it does not look at μ.</summary>
    public static MarginLoss CrossEntropy { get; } = new("cross-entropy", "baseline", PlainCrossEntropy);

    /// <summary>Every loss, the default first.</summary>
    public static ImmutableArray<MarginLoss> All { get; } = [Dual, DualHinge, DualNormalized, ShiftedSoftmax, Emma, MarginRatio, CrossEntropy];

    /// <summary>The name used on the command line and in model files, such as <c>dual-hinge</c>.</summary>
    public string Name { get; }

    /// <summary>The number of the equation in the paper, or what else it is known by.</summary>
    public string Equation { get; }

    /// <summary>
    /// Whether training leads to undefined values unless the network ends in a ReLU (condition (1)): (6) takes no negative
    /// score, and (8) itself pushes the sum of free scores below zero.
    /// </summary>
    public bool NeedsRectifiedScores { get; private init; }

    /// <summary>Finds a loss by its <see cref="Name"/>.</summary>
    /// <param name="name">One of the names in <see cref="All"/>.</param>
    /// <exception cref="ArgumentException">No loss has this name.</exception>
    public static MarginLoss Parse(string name) =>
        All.FirstOrDefault(loss => loss.Name == name)
        ?? throw new ArgumentException(
            $"There is no loss '{name}': choose one of {string.Join(", ", All.Select(loss => loss.Name))}.", nameof(name));

    /// <summary>Computes the loss of every sample.</summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ, a scalar or shape [N].</param>
    /// <param name="dualWeights">Dual weights λ ≥ 0, shape [N], that multiply the losses; null for 1.</param>
    /// <returns>Losses, shape [N], for the caller to reduce (mean or sum) and to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated, or the scores are outside the loss's domain.</exception>
    public Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins, Tensor? dualWeights = null)
    {
        using var scope = NewDisposeScope();
        var losses = _formula(logits, labels, targetMargins);
        return (dualWeights is null ? losses : losses * dualWeights).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the loss of a batch as one number, with the same margin for every sample.</summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargin">The prescribed margin μ.</param>
    /// <param name="reduction">Mean over the samples (default), or the paper's sum; a factor N apart.</param>
    /// <returns>A scalar tensor; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated, or the scores are outside the loss's domain.</exception>
    public Tensor Compute(Tensor logits, Tensor labels, double targetMargin, nn.Reduction reduction = nn.Reduction.Mean)
    {
        using var scope = NewDisposeScope();
        var losses = Compute(logits, labels, tensor(targetMargin, dtype: logits.dtype, device: logits.device));
        var reduced = reduction switch
        {
            nn.Reduction.Mean => losses.mean(),
            nn.Reduction.Sum => losses.sum(),
            _ => losses,
        };
        return reduced.MoveToOuterDisposeScope();
    }

    /// <summary>Returns the <see cref="Name"/>.</summary>
    public override string ToString() => Name;

    private static Tensor PlainCrossEntropy(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        ClassScores.ThrowIfMismatched(logits, labels);
        return F.cross_entropy(logits, labels, reduction: nn.Reduction.None);
    }
}
