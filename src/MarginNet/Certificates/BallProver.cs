using MarginNet.Attacks;
using MarginNet.Graph;
using MarginNet.Native;
using MarginNet.Relaxations;
using MarginNet.Verification;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>
/// Shows that the decision is the same in all of a ball: that of the network as it is run in float32, with sums in any order. All bounds
/// are in double precision, rounded outward.
/// </summary>
/// <param name="graph">The network.</param>
/// <param name="options">The norm, and what a batch may take.</param>
/// <exception cref="NotSupportedException">Of a layer no bounds are known; the message names it.</exception>
internal sealed class BallProver(NetworkGraph graph, CertificateOptions options) : IDisposable
{
    private const double Widening = 1e-12;
    private const double Least = 1e-15;
    private const double TimeForSlopes = 0.9; // The rest is for the bound that they give.
    private const long RefinedAtOnce = 1 << 24; // Beyond this number of coefficients a batch is no faster than its samples.

    private readonly RelaxedGraph _precise = RelaxedGraph.Of(graph, ScalarType.Float64);
    private readonly Lazy<RelaxedGraph> _fast = new(() => RelaxedGraph.Of(graph, ScalarType.Float32));

    /// <summary>The number of scores C.</summary>
    public int ClassCount => _precise.OutputCount;

    /// <summary>The samples that are bounded at once.</summary>
    public int BatchSize(CertificateSource source)
    {
        long[] sizes = [.. Enumerable.Range(0, _precise.Steps.Length + 1).Select(value => _precise.ShapeOf(value).Count.Count)];
        var (rivals, largest) = (Math.Max(1, ClassCount - 1), sizes.Max());
        var numbers = source switch
        {
            CertificateSource.Complete => long.MaxValue,
            CertificateSource.Interval => 8 * sizes.Sum(),
            CertificateSource.AlphaCrown => (8 * sizes.Sum()) + (8 * rivals * sizes.Sum()), // What gradients need is kept.
            _ => (8 * sizes.Sum()) + (8 * rivals * largest),
        };
        var most = Math.Min(options.BatchSize, options.Memory / Math.Max(1, Math.Min(numbers, long.MaxValue / 8) * sizeof(double)));
        if (source is not (CertificateSource.Interval or CertificateSource.CrownIbp))
        {
            var refined = _precise.Steps.Where(step => step.Curve is not null)
                .Select(step => _precise.ShapeOf(step.Data[0]).Count.Count).DefaultIfEmpty(1).Max();
            most = Math.Min(most, RefinedAtOnce / (2 * refined * largest));
        }

        return (int)Math.Max(1, most);
    }

    /// <summary>Tries to show that decisions hold in closed balls.</summary>
    /// <param name="source">How.</param>
    /// <param name="centers">The inputs as the network gets them, shape [N, D], in double precision.</param>
    /// <param name="decided">The decision at each.</param>
    /// <param name="radii">The radius of each ball, above 0.</param>
    /// <param name="isOver">Whether a share of the time, from 0 to 1, is over; asked now and then.</param>
    /// <param name="cancellation">Stops between the passes of a bound.</param>
    /// <returns>Of each whether it is proven.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public bool[] Prove(
        CertificateSource source, Tensor centers, int[] decided, double[] radii, Func<double, bool> isOver, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var rows = Leads(decided);
        if (source > CertificateSource.Crown && !Array.Exists(_precise.Steps, step => step.Curve is not null))
        {
            source = CertificateSource.Crown; // Of an affine map it is exact.
        }

        if (source == CertificateSource.Complete)
        {
            var proof = new NeuronProof(_fast.Value, _precise, RoundingModel.Single) { UsesBalls = UsesBalls(source) };
            return [.. Enumerable.Range(0, radii.Length).Select(i => proof.Prove(
                Sets(centers.narrow(0, i, 1), [radii[i]]), _ => (rows.select(1, i), zeros(rows.shape[0], dtype: ScalarType.Float64)),
                isOver, cancellation))];
        }

        var sets = Sets(centers, radii);
        var bounds = new BoundPropagation(_precise, sets, RoundingModel.Single, cancellation) { UsesBalls = UsesBalls(source) };
        switch (source)
        {
            case CertificateSource.Interval:
                bounds.Propagate();
                return Apart(bounds[_precise.Output], decided);
            case CertificateSource.CrownIbp:
                bounds.Propagate();
                return AllPositive(bounds.Lower(_precise.Output, rows, new()));
            case CertificateSource.FastLin:
                var parallel = new Choices { Rule = SlopeRule.Parallel };
                bounds.Refine(parallel);
                return AllPositive(bounds.Lower(_precise.Output, rows, parallel));
            case CertificateSource.FastLip:
                bounds.Refine(new());
                var exact = new BoundPropagation(_precise, new BoxSet(centers, centers), RoundingModel.Exact, cancellation);
                exact.Propagate();
                var leads = exact.Lower(_precise.Output, rows, new());
                return AllPositive(LocalLipschitz.Lower(bounds, _precise.Output, rows, leads, Power, Reach(radii)));
            case CertificateSource.Crown:
                bounds.Refine(new());
                return AllPositive(bounds.Lower(_precise.Output, rows, new()));
            case CertificateSource.AlphaCrown:
                bounds.Refine(new());
                var start = ChoiceOptimizer.Start(bounds, _precise.Output, rows.shape[0]);
                var (lower, _) = ChoiceOptimizer.Run(
                    bounds, _precise.Output, rows, start, new(Enough: 0), isOver: () => isOver(TimeForSlopes));
                return AllPositive(lower);
            default:
                throw new ArgumentOutOfRangeException(nameof(source), source, "Expected a method that bounds scores in a ball.");
        }
    }

    public void Dispose()
    {
        _precise.Dispose();
        if (_fast.IsValueCreated)
        {
            _fast.Value.Dispose();
        }
    }

    /// <summary>Whether what is known of the length of changes is used, too, beside what is known of each number.</summary>
    private bool UsesBalls(CertificateSource source) => options.Norm == AttackNorm.L2 && source > CertificateSource.FastLin;

    /// <summary>p of the norm ‖·‖ₚ.</summary>
    private double Power => options.Norm switch
    {
        AttackNorm.Linf => double.PositiveInfinity,
        AttackNorm.L1 => 1,
        _ => 2,
    };

    /// <summary>Radii, shape [N], with what the rounding of them and of the boxes' ends leaves out.</summary>
    private static Tensor Reach(double[] radii) => tensor(Array.ConvertAll(radii, radius => (radius * (1 + Widening)) + Least));

    private InputSet Sets(Tensor centers, double[] radii)
    {
        var radius = Reach(radii);
        if (options.Norm != AttackNorm.Linf)
        {
            return new BallSet(centers, radius, options.Norm == AttackNorm.L2, options.IsCut);
        }

        var (lower, upper) = (centers - radius.unsqueeze(1), centers.Plus(radius.unsqueeze(1)));
        return options.IsCut ? new BoxSet(lower.AtLeast(0), upper.AtMost(1)) : new BoxSet(lower, upper);
    }

    /// <summary>The lead of each decision over each rival, as functions of the scores, shape [C − 1, N, C].</summary>
    private Tensor Leads(int[] decided)
    {
        var leads = new double[(ClassCount - 1) * decided.Length * ClassCount];
        for (var i = 0; i < decided.Length; i++)
        {
            for (var k = 0; k < ClassCount - 1; k++)
            {
                var row = leads.AsSpan(((k * decided.Length) + i) * ClassCount, ClassCount);
                (row[decided[i]], row[k < decided[i] ? k : k + 1]) = (1, -1);
            }
        }

        return tensor(leads).reshape(ClassCount - 1, decided.Length, ClassCount);
    }

    /// <summary>Whether the score of the decision stays above all others.</summary>
    private static bool[] Apart(Interval scores, int[] decided)
    {
        var own = tensor(Array.ConvertAll(decided, index => (long)index)).unsqueeze(1);
        var lower = scores.Lower.flatten(1).gather(1, own);
        var rivals = scores.Upper.flatten(1).scatter(1, own, lower.AllOf(double.NegativeInfinity)).amax([1], keepdim: true);
        return lower.gt(rivals).logical_and(rivals.isfinite()).flatten().data<bool>().ToArray();
    }

    /// <summary>NaN is not positive.</summary>
    private static bool[] AllPositive(Tensor lower) => lower.IsAbove(0).logical_and(lower.isfinite()).all(0).data<bool>().ToArray();
}
