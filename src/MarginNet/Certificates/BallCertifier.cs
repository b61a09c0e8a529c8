using System.Diagnostics;
using System.Runtime.InteropServices;
using MarginNet.Attacks;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>Certifies samples by one method after the other, in batches as large as memory allows.</summary>
/// <param name="pixels">The numbers D of a sample.</param>
/// <param name="centers">The samples of some indices as the network gets them, shape [N, D], in double precision.</param>
/// <param name="options">The methods and their settings.</param>
/// <param name="prover">Tells what holds.</param>
/// <param name="areBroken">Whether an attack changes decisions within radii, of which no proof can be had: asked before what takes
/// long, which is all but intervals; null where nothing is to be attacked.</param>
/// <param name="cancellation">Stops between bounds.</param>
internal sealed class BallCertifier(
    int pixels, Func<int[], Tensor> centers, CertificateOptions options, BallProver prover,
    Func<(SampleCertificate Sample, double Radius)[], bool[]>? areBroken, CancellationToken cancellation)
{
    private const double MostUncut = 1e4; // No larger radius is looked for where pixels may be any number.
    private const double ShareOfTime = 1.0 / 3; // Of what is left to a sample, for one radius by branch and bound.
    private const double LongestTimer = 1e6; // Seconds; a timer takes no more than some weeks.

    /// <summary>A distance that no two points are farther apart than.</summary>
    private readonly double _most = !options.IsCut ? MostUncut : options.Norm switch
    {
        AttackNorm.Linf => 1,
        AttackNorm.L1 => pixels,
        _ => Math.Sqrt(pixels) * (1 + 1e-12),
    };

    private readonly Dictionary<CertificateSource, double> _guesses = []; // The median radius of the samples before.

    /// <summary>Looks for the largest radius of some samples.</summary>
    public void Search(SampleCertificate[] samples, double[] first)
    {
        foreach (var source in options.Sources)
        {
            if (source > CertificateSource.Crown)
            {
                // Where CROWN proves not even the least radius, rounding alone is too much.
                samples = [.. samples.Where(sample => sample.Radius > 0)];
            }

            var failed = new Dictionary<SampleCertificate, double>();
            foreach (var radius in first.Where(radius => radius <= _most))
            {
                var open = samples.Where(sample => !failed.ContainsKey(sample) && !sample.Holds(radius)).ToArray();
                var proven = Try(source, [.. open.Select(sample => (sample, radius))], ShareOfTime);
                foreach (var (sample, _) in open.Zip(proven).Where(pair => !pair.Second))
                {
                    failed[sample] = radius;
                }
            }

            var searches = Array.ConvertAll(samples, sample => new RadiusSearch(
                options.Precision, _most, sample.Radius, failed.GetValueOrDefault(sample, double.PositiveInfinity), Guess(source)));
            while (true)
            {
                int[] open = [.. Enumerable.Range(0, samples.Length)
                    .Where(i => !searches[i].IsOver && samples[i].Seconds < options.Seconds)];
                if (open.Length == 0)
                {
                    break;
                }

                var proven = Try(source, [.. open.Select(i => (samples[i], searches[i].Next))], ShareOfTime);
                for (var k = 0; k < open.Length; k++)
                {
                    searches[open[k]].Tell(proven[k]);
                }
            }

            double[] found = [.. samples.Select(sample => sample.Radius).Where(radius => radius > 0).Order()];
            _guesses[source] = found.Length > 0 ? found[found.Length / 2] : Guess(source);
        }
    }

    /// <summary>Tries to certify each sample at a distance of its own.</summary>
    public void Prove(SampleCertificate[] samples, double[] epsilons)
    {
        foreach (var source in options.Sources)
        {
            // A ball of no radius has the decision alone in it, and is certified by any larger one only.
            Try(source, [.. samples.Select(sample => (Sample: sample, Radius: epsilons[sample.Index]))
                .Where(each => each.Radius > 0 && !each.Sample.Holds(each.Radius))], 1);
        }
    }

    private double Guess(CertificateSource source) => _guesses.TryGetValue(source, out var guess) ? guess : options.Norm switch
    {
        AttackNorm.Linf => 1.0 / 255,
        AttackNorm.L1 => 1,
        _ => 0.1,
    };

    /// <summary>Tries to prove radii, in batches as large as memory allows, and keeps what is proven.</summary>
    private bool[] Try(CertificateSource source, (SampleCertificate Sample, double Radius)[] all, double shareOfTime)
    {
        var proven = new bool[all.Length];
        var size = prover.BatchSize(source);
        for (var start = 0; start < all.Length;)
        {
            var part = all.AsSpan(start, Math.Min(size, all.Length - start)).ToArray();
            var clock = Stopwatch.StartNew();
            try
            {
                var left = part.Sum(each => Math.Max(0, options.Seconds - each.Sample.Seconds));
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                if (left < LongestTimer)
                {
                    limit.CancelAfter(TimeSpan.FromSeconds(left));
                }

                Prove(source, part, share => clock.Elapsed.TotalSeconds > share * left * shareOfTime, limit.Token).CopyTo(proven, start);
                start += part.Length;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                start += part.Length; // Out of time, with nothing proven.
            }
            catch (Exception e) when (part.Length > 1 && IsOutOfMemory(e))
            {
                size = part.Length / 2;
            }

            foreach (var (sample, _) in part)
            {
                sample.Seconds += clock.Elapsed.TotalSeconds / part.Length;
            }
        }

        for (var i = 0; i < all.Length; i++)
        {
            if (proven[i])
            {
                all[i].Sample.Keep(new(all[i].Sample.Decided, all[i].Radius, source) { IsClosed = true, IsCut = options.IsCut });
            }
        }

        return proven;
    }

    private bool[] Prove(
        CertificateSource source, (SampleCertificate Sample, double Radius)[] part, Func<double, bool> isOver, CancellationToken limit)
    {
        cancellation.ThrowIfCancellationRequested();
        int[] tried = [.. Enumerable.Range(0, part.Length)
            .Where(i => part[i].Sample.Seconds < options.Seconds && part[i].Radius < part[i].Sample.BrokenAt)];
        if (source > CertificateSource.CrownIbp && areBroken is not null)
        {
            tried = LeaveOutBroken(areBroken, part, tried);
        }

        var proven = new bool[part.Length];
        if (tried.Length > 0)
        {
            using var scope = NewDisposeScope();
            var found = prover.Prove(
                source, centers(Array.ConvertAll(tried, i => part[i].Sample.Index)),
                Array.ConvertAll(tried, i => part[i].Sample.Decided), Array.ConvertAll(tried, i => part[i].Radius),
                isOver, limit);
            for (var k = 0; k < tried.Length; k++)
            {
                proven[tried[k]] = found[k];
            }
        }

        return proven;
    }

    /// <summary>Attacks what was not attacked within that radius yet.</summary>
    private static int[] LeaveOutBroken(
        Func<(SampleCertificate Sample, double Radius)[], bool[]> areBroken, (SampleCertificate Sample, double Radius)[] part, int[] tried)
    {
        int[] open = [.. tried.Where(i => part[i].Radius > part[i].Sample.WithstoodAt)];
        if (open.Length == 0)
        {
            return tried;
        }

        var isBroken = areBroken(Array.ConvertAll(open, i => part[i]));
        foreach (var (i, isOne) in open.Zip(isBroken))
        {
            part[i].Sample.KeepAttack(part[i].Radius, isOne);
        }

        return [.. tried.Where(i => part[i].Radius < part[i].Sample.BrokenAt)];
    }

    private static bool IsOutOfMemory(Exception e) => e is OutOfMemoryException
        || (e is ExternalException && (e.Message.Contains("memory", StringComparison.OrdinalIgnoreCase)));
}
