using System.Collections.Immutable;
using MarginNet.Data;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// CLEVER (Weng et al., 2018), an estimate of the distance to the nearest input of another class: the largest gradients of f_ĉ − fⱼ
/// in batches of random points of a ball are taken for maxima of numbers with an upper end, the local Lipschitz constant. It is no
/// certificate: an attack may succeed within the radius, where the draws missed the steep part.
/// </summary>
/// <param name="PredictedClass">The decision ĉ, the lowest index among tied scores.</param>
/// <param name="Pairs">The estimate for each of the other classes.</param>
public sealed record Clever(int PredictedClass, ImmutableArray<CleverPair> Pairs)
{
    /// <summary>The rival of least radius: the first of them.</summary>
    public CleverPair Nearest => Pairs.MinBy(pair => pair.Radius)!;

    /// <summary>The untargeted estimate: the least radius over all rivals.</summary>
    public double Radius => Nearest.Radius;

    /// <summary>Estimates one sample for every rival at once, from one Jacobian for each point.</summary>
    /// <param name="network">The network; taken in evaluation mode, its own mode restored.</param>
    /// <param name="input">The sample x, shape [1, …], of the network's type, on its device.</param>
    /// <param name="options">The draws; null for the defaults, half a million points. Points are uniform in the ball,
    /// and not clipped to [0, 1], as the ball of a certificate is not.</param>
    /// <param name="cancellation">Stops between passes.</param>
    /// <exception cref="ArgumentException"><paramref name="input"/> is not one sample, or the network has fewer than 2 scores.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">A score or gradient is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static Clever Compute(
        nn.Module<Tensor, Tensor> network, Tensor input, CleverOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.ThrowIfInvalid();
        if (input.dim() < 2 || input.shape[0] != 1)
        {
            throw new ArgumentException($"Expected one sample, shape [1, …], but got [{string.Join(", ", input.shape)}].", nameof(input));
        }

        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var scores = Finite(PairAscent.Scores(network, input).to(ScalarType.Float64).cpu().flatten());
        if (scores.Length < 2)
        {
            throw new ArgumentException($"Expected a network with at least 2 scores, but it has {scores.Length}.", nameof(network));
        }

        var decided = scores.IndexOf(scores.Max());
        var maxima = Enumerable.Range(0, options.Batches)
            .Select(batch => LargestGradients(network, input, decided, options, batch, cancellation))
            .ToArray();
        return new(decided, [
            .. Enumerable.Range(0, scores.Length).Where(rival => rival != decided)
                .Select(rival => CleverPair.Of(
                    rival, scores[decided] - scores[rival], Array.ConvertAll(maxima, batch => batch[rival]), options)),
        ]);
    }

    /// <summary>The largest ‖∇f_ĉ − ∇fⱼ‖₂ of a batch of points, for each j.</summary>
    private static double[] LargestGradients(
        nn.Module<Tensor, Tensor> network, Tensor input, int decided, CleverOptions options, int batch, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var points = input + Changes(input, options, batch);
        var largest = zeros(1, dtype: ScalarType.Float64);
        foreach (var part in points.split(options.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var pass = NewDisposeScope();
            var gradients = ScoreGradients.Compute(network, part).to(ScalarType.Float64);
            var norms = (gradients.narrow(1, decided, 1) - gradients).Squared().sum([2]).sqrt().amax([0]).cpu();
            largest = maximum(largest, norms).MoveToOuterDisposeScope();
        }

        return Finite(largest);
    }

    /// <summary>Points of the ball around zero, uniform: a direction, and the d-th root of a uniform number for the distance.</summary>
    private static Tensor Changes(Tensor input, CleverOptions options, int batch)
    {
        using var generator = new Generator(new SplitMix64(options.Seed, batch).NextUInt64());
        var directions = randn([options.Samples, input.numel()], ScalarType.Float64, generator: generator);
        var distances = options.Radius * rand([options.Samples, 1], ScalarType.Float64, generator: generator).Power(1.0 / input.numel());
        return (distances * directions / directions.Squared().sum([1], keepdim: true).sqrt()).reshape([options.Samples, .. input.shape[1..]])
            .to(input.dtype)
            .to(input.device);
    }

    private static double[] Finite(Tensor values) =>
        values.data<double>().ToArray() is var numbers && Array.TrueForAll(numbers, double.IsFinite)
            ? numbers
            : throw new InvalidDataException(
                "The network gives a score or gradient that is NaN or infinite: its training diverged, or its weights are damaged.");
}
