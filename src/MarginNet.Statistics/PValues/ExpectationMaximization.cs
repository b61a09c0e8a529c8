using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MarginNet.PValues;

/// <summary>
/// EM for one-dimensional Gaussian mixtures on a <see cref="MixtureSample"/>.
/// The values of a cell share their responsibilities, so on compressed data EM climbs a lower bound of the log-likelihood
/// (Verbeek, Nunnink and Vlassis 2006, Accelerated EM-based clustering of large data sets); on plain data, the log-likelihood itself.
/// </summary>
internal static class ExpectationMaximization
{
    private const int BlockLength = 128; // K blocks of log-terms stay in the first-level cache
    private const double SmallestExponent = -500; // keeps negligible responsibilities out of the slow denormal numbers
    private const double EmptyComponent = 1e-10; // expected number of values under which a component is pruned

    /// <summary>One iteration: the log-likelihood of the parameters given,
    /// and the parameters that follow from their responsibilities.</summary>
    public static (MixtureParameters Next, double LogLikelihood) Step(
        MixtureSample sample, MixtureParameters parameters, double varianceFloor)
    {
        var stride = (3 * parameters.Order) + 1;
        var sums = new double[sample.ChunkCount * stride];
        if (sample.ChunkCount == 1)
            Accumulate(sample, 0, parameters, sums);
        else
            Parallel.For(0, sample.ChunkCount, chunk => Accumulate(sample, chunk, parameters, sums.AsSpan(chunk * stride, stride)));

        var total = sums.AsSpan(0, stride);
        for (var chunk = 1; chunk < sample.ChunkCount; chunk++)
            TensorPrimitives.Add(total, sums.AsSpan(chunk * stride, stride), total);

        return (Maximize(parameters, total, sample.Count, varianceFloor), total[^1]);
    }

    /// <summary>Adds up, for every component, Σ r, Σ r (x − m) and Σ r ((x − m)² + spread) over a chunk,
    /// and the log-likelihood at the end.</summary>
    private static void Accumulate(MixtureSample sample, int chunk, MixtureParameters parameters, Span<double> sums)
    {
        sample.GetChunk(chunk, out var values, out var weights, out var spreads);
        var order = parameters.Order;
        Span<double> terms = stackalloc double[order * BlockLength];
        for (var start = 0; start < values.Length; start += BlockLength)
        {
            var length = Math.Min(BlockLength, values.Length - start);
            AccumulateBlock(
                MemoryMarshal.Cast<double, Vector<double>>(values.Slice(start, length)),
                MemoryMarshal.Cast<double, Vector<double>>(weights.Slice(start, length)),
                MemoryMarshal.Cast<double, Vector<double>>(spreads.Slice(start, length)),
                parameters,
                MemoryMarshal.Cast<double, Vector<double>>(terms),
                sums);
        }
    }

    // Compiled at full speed at once: a single fit is over before the run time would get to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AccumulateBlock(
        ReadOnlySpan<Vector<double>> values,
        ReadOnlySpan<Vector<double>> weights,
        ReadOnlySpan<Vector<double>> spreads,
        MixtureParameters parameters,
        Span<Vector<double>> terms,
        Span<double> sums)
    {
        var order = parameters.Order;
        var length = values.Length;
        Span<Vector<double>> largest = stackalloc Vector<double>[length];
        Span<Vector<double>> totals = stackalloc Vector<double>[length];
        largest.Fill(new Vector<double>(double.NegativeInfinity));
        totals.Clear();

        // Log-terms log wₖ − log σₖ − z²/2, and the largest of each value.
        for (var k = 0; k < order; k++)
        {
            var mean = new Vector<double>(parameters.Means[k]);
            var precision = new Vector<double>(Math.Exp(-2 * parameters.LogDeviations[k]));
            var constant = new Vector<double>(parameters.LogWeights[k] - parameters.LogDeviations[k] - Normal.HalfLogTwoPi);
            var term = terms.Slice(k * length, length);
            for (var i = 0; i < length; i++)
            {
                var distance = values[i] - mean;
                term[i] = constant - (0.5 * precision * ((distance * distance) + spreads[i]));
                largest[i] = Vector.Max(largest[i], term[i]);
            }
        }

        for (var k = 0; k < order; k++)
        {
            var term = terms.Slice(k * length, length);
            for (var i = 0; i < length; i++)
            {
                term[i] = Vector.Exp(Vector.Max(term[i] - largest[i], new Vector<double>(SmallestExponent)));
                totals[i] += term[i];
            }
        }

        var logLikelihood = Vector<double>.Zero;
        for (var i = 0; i < length; i++)
        {
            logLikelihood += weights[i] * (largest[i] + Vector.Log(totals[i]));
            totals[i] = weights[i] / totals[i];
        }

        for (var k = 0; k < order; k++)
        {
            var mean = new Vector<double>(parameters.Means[k]);
            var term = terms.Slice(k * length, length);
            var (zeroth, first, second) = (Vector<double>.Zero, Vector<double>.Zero, Vector<double>.Zero);
            for (var i = 0; i < length; i++)
            {
                var responsibility = term[i] * totals[i];
                var distance = values[i] - mean;
                zeroth += responsibility;
                first += responsibility * distance;
                second += responsibility * ((distance * distance) + spreads[i]);
            }

            sums[k] += Vector.Sum(zeroth);
            sums[order + k] += Vector.Sum(first);
            sums[(2 * order) + k] += Vector.Sum(second);
        }

        sums[3 * order] += Vector.Sum(logLikelihood);
    }

    private static MixtureParameters Maximize(MixtureParameters parameters, ReadOnlySpan<double> sums, int count, double varianceFloor)
    {
        var order = parameters.Order;
        var kept = 0;
        for (var k = 0; k < order; k++)
            kept += sums[k] > EmptyComponent ? 1 : 0;

        var next = new MixtureParameters(kept);
        for (int k = 0, target = 0; k < order; k++)
        {
            if (!(sums[k] > EmptyComponent))
                continue;

            var shift = sums[order + k] / sums[k];
            var variance = (sums[(2 * order) + k] / sums[k]) - (shift * shift);
            next.LogWeights[target] = Math.Log(sums[k] / count);
            next.Means[target] = parameters.Means[k] + shift;
            next.LogDeviations[target] = 0.5 * Math.Log(Math.Max(variance, varianceFloor));
            target++;
        }

        return next;
    }
}
