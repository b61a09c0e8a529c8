using System.Numerics;
using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>
/// A ball around an input in which the network's decision provably does not change: that of the network as it is run, in
/// floating point on a CPU. By Lipschitz constants it is in ℓ2 and open; what
/// rounding may do to the scores, at the input and anywhere in the ball, in whatever order sums are formed,
/// comes off the margin.
/// </summary>
/// <param name="PredictedClass">The decision ĉ, the lowest index among tied scores.</param>
/// <param name="Radius">Its radius, in the units of the input ([0, 1] pixels where the network normalises them itself);
/// 0 where nothing is certified.</param>
/// <param name="Source">What proves it; the earlier of <see cref="CertificateSource"/> where two give the same radius.</param>
public readonly record struct CertifiedRadius(int PredictedClass, double Radius, CertificateSource Source)
{
    private const double RootOfTwo = 1.4142135623730952; // Rounded up.

    /// <summary>What the radius would be in exact arithmetic, and certifies nothing:
    /// the cost of rounding is its distance to <see cref="Radius"/>. NaN where <see cref="LocalCertificates"/> found it.</summary>
    public double RadiusBeforeRounding { get; init; }

    /// <summary>How distances are measured.</summary>
    public AttackNorm Norm { get; init; } = AttackNorm.L2;

    /// <summary>Whether the ball has its boundary, as where a bound was proven at the radius itself.</summary>
    public bool IsClosed { get; init; }

    /// <summary>Whether only the points of the ball with pixels in [0, 1] are certified.</summary>
    public bool IsCut { get; init; }

    /// <summary>What <see cref="LocalCertificates"/> took for it, in seconds; its share where several samples were bounded
    /// at once.</summary>
    public double Seconds { get; init; }

    /// <summary>Whether the decision is certified for all inputs up to a distance, that one included.</summary>
    /// <param name="distance">The distance, at least 0; at 0 it is whether there is a certificate at all.</param>
    public bool Holds(double distance) => Radius > distance || (IsClosed && Radius > 0 && Radius == distance);

    /// <summary>Certifies one sample by the largest of the three radii, each rounded down. Ties and zero margins certify nothing.</summary>
    /// <param name="scores">Class scores f of one sample, length C, finite.</param>
    /// <param name="input">The input that they are of, as the network got it: length D, finite.</param>
    /// <param name="bounds">Proven bounds of the network that computed them.</param>
    /// <exception cref="ArgumentException">There are not C scores or D numbers, or one is NaN or infinite.</exception>
    public static CertifiedRadius Compute(ReadOnlySpan<float> scores, ReadOnlySpan<float> input, LipschitzBounds bounds) =>
        Certify(scores, input, bounds);

    /// <summary>Certifies one sample of a network in double precision.</summary>
    /// <inheritdoc cref="Compute(ReadOnlySpan{float}, ReadOnlySpan{float}, LipschitzBounds)"/>
    public static CertifiedRadius Compute(ReadOnlySpan<double> scores, ReadOnlySpan<double> input, LipschitzBounds bounds) =>
        Certify(scores, input, bounds);

    /// <summary>Scores images in float32, whatever the network's <see cref="Classifier.Precision"/>, and certifies every one.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">At least one image, of the size the network takes.</param>
    /// <param name="bounds">Proven bounds of that network.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>One radius for each image.</returns>
    /// <exception cref="InvalidOperationException">The network's weights are no longer those that the bounds are of.</exception>
    /// <exception cref="ArgumentException">There is no image, or the numbers of classes or of pixels differ.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static CertifiedRadius[] Compute(
        nn.Module<Tensor, Tensor> network, ImageSet images, LipschitzBounds bounds, CancellationToken cancellation = default)
    {
        bounds.ThrowIfChanged(network);
        return Compute(network.Score(images, Precision.Float32, cancellation), images, bounds);
    }

    /// <summary>Certifies every sample.</summary>
    /// <param name="scores">The scores of N samples.</param>
    /// <param name="images">The images that they are of.</param>
    /// <param name="bounds">Proven bounds of the network that computed them.</param>
    /// <returns>One radius for each sample.</returns>
    /// <exception cref="ArgumentException">The numbers of samples, of classes or of pixels differ.</exception>
    public static CertifiedRadius[] Compute(ScoreMatrix scores, ImageSet images, LipschitzBounds bounds)
    {
        if (images.Count != scores.Count)
        {
            throw new ArgumentException(
                $"Expected {scores.Count} images, one for each row of scores, but got {images.Count}.", nameof(images));
        }

        var radii = new CertifiedRadius[scores.Count];
        var input = new float[images.Channels * images.Height * images.Width];
        for (var i = 0; i < radii.Length; i++)
        {
            var pixels = images.Pixels(i);
            for (var at = 0; at < input.Length; at++)
            {
                input[at] = pixels[at] / 255f;
            }

            radii[i] = Compute(scores[i], input, bounds);
        }

        return radii;
    }

    private static CertifiedRadius Certify<T>(ReadOnlySpan<T> scores, ReadOnlySpan<T> input, LipschitzBounds bounds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ThrowIfUnfit(scores, bounds.ClassCount, nameof(scores));
        ThrowIfUnfit(input, bounds.Forward.InputCount, nameof(input));
        var decided = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            decided = scores[i] > scores[decided] ? i : decided;
        }

        // The rivals are all classes but one: had every tied class been left out, a tie would look like the widest margin.
        var length = bounds.Forward.Length(input);
        var (exact, rounded) = (Radii.Unlimited, Radii.Unlimited);
        for (var i = 0; i < scores.Length; i++)
        {
            if (i != decided)
            {
                var lead = Down(double.CreateTruncating(scores[decided]) - double.CreateTruncating(scores[i]));
                var (error, slope) = bounds.Forward.Pair(decided, i, length);
                exact = exact.Least(Radii.Of(lead, 0, bounds, decided, i));
                rounded = rounded.Least(Radii.Of(
                    lead - Math.BitIncrement(2 * (error + ScoreRounding(scores[decided], scores[i], bounds))), slope, bounds, decided, i));
            }
        }

        var reach = bounds.Forward.Reach(length);
        return rounded.Largest(decided, reach) with { RadiusBeforeRounding = exact.Largest(decided, double.PositiveInfinity).Radius };
    }

    /// <summary>A difference above 0, which may have been rounded up; else 0.</summary>
    private static double Down(double lead) => lead > 0 ? Math.BitDecrement(lead) : 0;

    /// <summary>Where scores of a network in double precision were rounded to float32:
    /// what that may have done to their difference.</summary>
    private static double ScoreRounding<T>(T first, T second, LipschitzBounds bounds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        typeof(T) == typeof(float) && !bounds.Forward.IsSingle
            ? (FloatFormat.Single.Unit * 1.001 * (Math.Abs(double.CreateTruncating(first)) + Math.Abs(double.CreateTruncating(second))))
                + float.Epsilon
            : 0;

    private static void ThrowIfUnfit<T>(ReadOnlySpan<T> values, int expected, string name)
        where T : IBinaryFloatingPointIeee754<T>
    {
        if (values.Length != expected)
        {
            throw new ArgumentException($"Expected {expected} numbers, as the bounds are of, but got {values.Length}.", name);
        }

        foreach (var value in values)
        {
            if (!T.IsFinite(value))
            {
                throw new ArgumentException($"A number is {value}: only finite ones can be certified.", name);
            }
        }
    }

    /// <summary>The radii by the three kinds of constant: Theorem 2.1, Tsuzuku et al., and by pairs.</summary>
    private readonly record struct Radii(double Scores, double Euclidean, double Pairwise)
    {
        public static Radii Unlimited { get; } = new(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);

        /// <summary>The distance at which a rival may have caught up, where the lead shrinks by the constant and by what
        /// rounding grows with the distance.</summary>
        public static Radii Of(double lead, double rounding, LipschitzBounds bounds, int decided, int rival)
        {
            double Radius(double constant) => Rounding.QuotientDown(Down(lead), Rounding.SumUp(constant, rounding));
            return new(
                Radius(2 * bounds.Scores.Value),
                Radius(Rounding.ProductUp(RootOfTwo, bounds.Euclidean.Value)),
                Radius(bounds.Pair(decided, rival).Value));
        }

        public Radii Least(Radii other) =>
            new(Math.Min(Scores, other.Scores), Math.Min(Euclidean, other.Euclidean), Math.Min(Pairwise, other.Pairwise));

        public CertifiedRadius Largest(int decided, double reach) =>
            new CertifiedRadius(decided, 0, CertificateSource.None)
                .Or(CertificateSource.Scores, Math.Min(Scores, reach)).Or(
                    CertificateSource.Euclidean, Math.Min(Euclidean, reach)).Or(CertificateSource.Pairwise, Math.Min(Pairwise, reach));
    }

    private CertifiedRadius Or(CertificateSource source, double radius) => radius > Radius ? new(PredictedClass, radius, source) : this;
}
