using MarginNet.Bounds;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// How fast the scores were seen to change: no upper bound can be smaller, up to the rounding of the network's own arithmetic.
/// From gradients at given inputs, and from pairs of inputs that gradient ascent on |h(x) − h(y)| / ‖x − y‖ leads to.
/// </summary>
public sealed class LipschitzLowerBounds
{
    private readonly double[,] _pairs;

    private LipschitzLowerBounds(double scores, double euclidean, double[,] pairs) =>
        (Scores, Euclidean, _pairs) = (new(scores), new(euclidean), pairs);

    /// <summary>Below L_∞ of <see cref="LipschitzBounds.Scores"/>.</summary>
    public LowerBound Scores { get; }

    /// <summary>Below L₂ of <see cref="LipschitzBounds.Euclidean"/>.</summary>
    public LowerBound Euclidean { get; }

    /// <summary>Below L_ij of <see cref="LipschitzBounds.Pair"/>.</summary>
    /// <param name="first">A class i.</param>
    /// <param name="second">Another class j.</param>
    public LowerBound Pair(int first, int second) => new(_pairs[first, second]);

    /// <summary>Looks for fast changes at and near some inputs.</summary>
    /// <param name="network">The network; taken in evaluation mode, its own mode restored.</param>
    /// <param name="inputs">Inputs, shape [N, …] with N ≥ 1, of the network's type, on its device;
    /// pass batches one by one and join them by <see cref="Max"/>.</param>
    /// <param name="centered">Whether the scores are centred, as <see cref="LipschitzBounds.IsCentered"/> says of the upper bounds.</param>
    /// <param name="ascentSteps">Steps of gradient ascent on pairs; 0 for gradients at the inputs alone. Default 20.</param>
    public static LipschitzLowerBounds Compute(nn.Module<Tensor, Tensor> network, Tensor inputs, bool centered = true, int ascentSteps = 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(inputs.shape[0], 1, nameof(inputs));
        ArgumentOutOfRangeException.ThrowIfNegative(ascentSteps);
        using var scope = NewDisposeScope();
        var gradients = ScoreGradients.Compute(network, inputs).to(ScalarType.Float64).cpu();
        var seen = FromDifferences(gradients, centered, gradients => linalg.svdvals(gradients).max().item<double>());
        if (ascentSteps > 0)
        {
            var (x, y) = PairAscent.Climb(network, inputs, gradients, ascentSteps);
            using var inference = no_grad();
            var distance = (x - y).to(ScalarType.Float64).flatten(1).Squared().sum([1]).sqrt().reshape(-1, 1, 1).cpu();
            var change = (PairAscent.Scores(network, x) - PairAscent.Scores(network, y)).to(ScalarType.Float64)
                .cpu()
                .unsqueeze(2) / distance;
            change = change.nan_to_num(0, 0, 0); // Of pairs that met.
            seen = seen.Max(FromDifferences(change, centered, change => change.Squared().sum([1, 2]).sqrt().max().item<double>()));
        }

        return seen;
    }

    /// <summary>The larger of two bounds of the same network, for each constant.</summary>
    /// <param name="other">The bounds from other inputs.</param>
    public LipschitzLowerBounds Max(LipschitzLowerBounds other)
    {
        var pairs = (double[,])_pairs.Clone();
        for (var i = 0; i < pairs.GetLength(0); i++)
        {
            for (var j = 0; j < pairs.GetLength(1); j++)
            {
                pairs[i, j] = Math.Max(pairs[i, j], other._pairs[i, j]);
            }
        }

        return new(Math.Max(Scores.Value, other.Scores.Value), Math.Max(Euclidean.Value, other.Euclidean.Value), pairs);
    }

    /// <summary>From rates of change, shape [N, C, D].</summary>
    private static LipschitzLowerBounds FromDifferences(Tensor rates, bool centered, Func<Tensor, double> euclidean)
    {
        var scale = PowerOfTwo.Below(rates.abs().max().item<double>()); // The squares of some numbers are none.
        rates = rates * (1 / scale);
        var own = centered ? rates - rates.mean([1], keepdim: true) : rates;
        var pairs = new double[rates.shape[1], rates.shape[1]];
        for (var i = 0; i < rates.shape[1]; i++)
        {
            using var row = NewDisposeScope();
            var norms = (rates.narrow(1, i, 1) - rates).Squared().sum([2]).amax([0]).sqrt().data<double>().ToArray();
            for (var j = 0; j < norms.Length; j++)
            {
                pairs[i, j] = scale * norms[j];
            }
        }

        return new(scale * own.Squared().sum([2]).max().sqrt().item<double>(), scale * euclidean(own), pairs);
    }
}
