using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>A convolution at its input size as a linear map.</summary>
/// <param name="Weight">The kernel, shape [out, in/groups, height, width], float64, on the CPU.</param>
/// <param name="RelativeError">The share by which each entry may differ from the true one, such as by folding.</param>
/// <param name="Geometry">The size of the input and the steps.</param>
internal sealed record ConvolutionKernel(Tensor Weight, double RelativeError, ConvolutionGeometry Geometry)
{
    private const long MatrixEntries = 1 << 20; // 8 MB;
    private const long MatrixSide = 512; // and what a Gram iteration of a second or less can take.
    private const long RowsSide = 1024; // Of the matrices of whole columns,
    private const int RowsHeight = 8; // and above it the circle is as good.
    private const long ChunkEntries = 1 << 21; // 32 MB of complex numbers at a time.
    private const double TableError = 16 * Rounding.Unit; // Of cos and sin of 2πr/M, with the rounding of the angle.

    private long Out => Weight.shape[0];

    private long InPerGroup => Weight.shape[1];

    private (int Height, int Width) Kernel => ((int)Weight.shape[2], (int)Weight.shape[3]);

    /// <summary>The largest norm of its groups by frequencies on both axes.</summary>
    /// <remarks>See <see cref="NormalizedFrequencyNorm"/>.</remarks>
    public UpperBound FrequencyNorm() => LargestOfGroups(NormalizedFrequencyNorm);

    /// <summary>The same by frequencies along rows only, with the zeros above and below where they are: half as far from the norm, and
    /// dearer; null where columns are long, matrices of them would be large, or there are strides.</summary>
    public UpperBound? RowNorm()
    {
        var (height, _) = Geometry.Output(Kernel.Height, Kernel.Width);
        return Geometry.Stride == (1, 1) && Geometry.Height <= RowsHeight && height > 0
            && Math.Max(Out / Geometry.Groups * height, InPerGroup * Geometry.Height) <= RowsSide
            ? LargestOfGroups(NormalizedRowNorm) : null;
    }

    /// <summary>
    /// A bound of the norm of the map of absolute values: no input has more of |W| than one that is the same everywhere, which sees the
    /// sum over the taps; padding and stride only take away.
    /// </summary>
    public double AbsoluteNorm()
    {
        using var scope = NewDisposeScope();
        var sums = Weight.abs().sum([2, 3]).reshape(Geometry.Groups, Out / Geometry.Groups, InPerGroup);
        return Rounding.ProductUp(GramIteration.LargestNorm(sums), 1 + Rounding.Gamma((Kernel.Height * Kernel.Width) + 2));
    }

    /// <summary>The map as a matrix, shape [out·H'·W', in·H·W]; null where it would be large.</summary>
    public BoundedMatrix? Matrix()
    {
        var (height, width) = Geometry.Output(Kernel.Height, Kernel.Width);
        var (rows, columns) = (Out * height * width, InPerGroup * Geometry.Groups * Geometry.Height * Geometry.Width);
        if (rows * columns > MatrixEntries || Math.Min(rows, columns) > MatrixSide || rows == 0)
        {
            return null;
        }

        var values = new double[rows * columns];
        Fill(values, columns, height, width);
        return new(tensor(values, [rows, columns]), EntryError(Weight, RelativeError));
    }

    private void Fill(double[] values, long columns, int height, int width)
    {
        var (weights, g) = (Weight.data<double>().ToArray(), Geometry);
        // A tensor's shape costs too much for the loops.
        var (kernelHeight, kernelWidth, inPerGroup, outPerGroup) = (Kernel.Height, Kernel.Width, (int)InPerGroup, (int)(Out / g.Groups));
        for (var (tap, row) = (0, 0L); tap < weights.Length; row += height * width)
        {
            var first = row / (height * width) / outPerGroup * inPerGroup;
            for (var channel = first; channel < first + inPerGroup; channel++)
            {
                for (var ky = 0; ky < kernelHeight; ky++)
                {
                    for (var kx = 0; kx < kernelWidth; kx++, tap++)
                    {
                        var (top, left) =
                            ((ky * g.Dilation.Vertical) - g.Padding.Vertical, (kx * g.Dilation.Horizontal) - g.Padding.Horizontal);
                        for (var y = 0; y < height; y++)
                        {
                            var v = top + (y * g.Stride.Vertical);
                            for (var x = 0; v >= 0 && v < g.Height && x < width; x++)
                            {
                                var h = left + (x * g.Stride.Horizontal);
                                if (h >= 0 && h < g.Width)
                                {
                                    values[((row + (y * width) + x) * columns) + (((channel * g.Height) + v) * g.Width) + h] = weights[tap];
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// <summary>A share of each entry in the norm of the map, at most that share of Σ over taps of ‖W_t‖_F.</summary>
    private static double EntryError(Tensor weight, double share)
    {
        if (share == 0)
        {
            return 0;
        }

        using var scope = NewDisposeScope();
        return Rounding.ProductUp(share, FrobeniusNorm.OfEach(weight.permute(2, 3, 0, 1).flatten(0, 1)).Aggregate(Rounding.SumUp));
    }

    /// <summary>The largest norm of a group, each divided by a power of two near its largest weight:
    /// underflow is then less than the rounding.</summary>
    private UpperBound LargestOfGroups(Func<Tensor, double> norm)
    {
        var (largest, perGroup) = (0.0, Out / Geometry.Groups);
        for (var group = 0; group < Geometry.Groups; group++)
        {
            using var scope = NewDisposeScope();
            var weight = Weight.narrow(0, group * perGroup, perGroup);
            var scale = PowerOfTwo.Below(weight.abs().max().item<double>());
            largest = Math.Max(largest, Rounding.ProductUp(norm(weight * (1 / scale)), scale));
        }

        return new(Rounding.SumUp(largest, EntryError(Weight, RelativeError)));
    }

    /// <summary>
    /// The largest norm over the frequencies of a row on a circle, of the map from columns to columns that each of them leaves: taps above
    /// and below its ends meet zeros. Along rows the zero-padded map is a compression of the circulant one, as on both axes.
    /// </summary>
    private double NormalizedRowNorm(Tensor weight)
    {
        var axis = new GridAxis(Geometry.Width, Kernel.Width, 1, Geometry.Dilation.Horizontal);
        var (height, _) = Geometry.Output(Kernel.Height, Kernel.Width);
        var (outputs, inputs) = (weight.shape[0], weight.shape[1]);
        var largest = 0.0;
        for (var frequency = 0; frequency <= axis.Frequencies / 2; frequency++)
        {
            using var scope = NewDisposeScope();
            var waves = Enumerable.Range(0, axis.Taps).Select(tap => axis.Wave(tap, frequency, 0)).ToArray();
            var taps = complex(
                weight.matmul(tensor(Array.ConvertAll(waves, wave => wave.Cosine))),
                weight.matmul(tensor(Array.ConvertAll(waves, wave => wave.Sine)))); // [out, in, vertical taps]
            var map = zeros([outputs, height, inputs, Geometry.Height], taps.dtype);
            for (var y = 0; y < height; y++)
            {
                for (var tap = 0; tap < Kernel.Height; tap++)
                {
                    var from = y + (tap * Geometry.Dilation.Vertical) - Geometry.Padding.Vertical;
                    if (from >= 0 && from < Geometry.Height)
                    {
                        map.select(1, y).select(2, from).copy_(taps.select(2, tap));
                    }
                }
            }

            largest = GramIteration.LargestNorm(map.reshape(1, outputs * height, inputs * Geometry.Height), largest);
        }

        return Rounding.SumUp(largest, TransformError(weight, Kernel.Width));
    }

    /// <summary>What the rounding of sums over so many taps times their waves may come to.</summary>
    private static double TransformError(Tensor weight, long taps) => EntryError(weight, 2 * (Rounding.Gamma(taps + 4) + TableError));

    /// <summary>
    /// The largest norm over the frequencies of a circular grid of at least N + K − 1 points per axis, K being the extent of
    /// the dilated kernel. On such a grid no two windows that meet the input wrap onto each other, so the zero-padded map is a
    /// compression of the circulant one. With stride s the grid is a multiple of s: the rows kept are one coset of it, and
    /// each of the frequencies that remain couples s² aliased ones side by side.
    /// </summary>
    private double NormalizedFrequencyNorm(Tensor weight)
    {
        var (vertical, horizontal) = (
            new GridAxis(Geometry.Height, Kernel.Height, Geometry.Stride.Vertical, Geometry.Dilation.Vertical),
            new GridAxis(Geometry.Width, Kernel.Width, Geometry.Stride.Horizontal, Geometry.Dilation.Horizontal));
        var taps = weight.reshape(-1, Kernel.Height * Kernel.Width);
        var aliases = vertical.Stride * horizontal.Stride;
        var chunk = (int)Math.Max(1, ChunkEntries / (weight.shape[0] * weight.shape[1] * aliases));
        var largest = 0.0;

        // A real kernel has conjugate values at opposite frequencies: half of one axis is enough.
        var pairs = from a in Enumerable.Range(0, vertical.Frequencies)
                    from b in Enumerable.Range(
            0, (horizontal.Frequencies / 2) + 1)
                    select (a, b);
        foreach (var block in pairs.Chunk(chunk))
        {
            using var scope = NewDisposeScope();
            var (cosines, sines) = Table(block, vertical, horizontal);
            var shape = new[] { weight.shape[0], weight.shape[1], block.Length, aliases };
            var transform = complex(
                taps.mm(tensor(cosines, [taps.shape[1], block.Length * aliases])),
                taps.mm(tensor(sines, [taps.shape[1], block.Length * aliases])));
            var stacked = transform.reshape(shape).permute(2, 0, 1, 3).reshape(block.Length, shape[0], shape[1] * aliases);
            largest = GramIteration.LargestNorm(stacked, largest);
        }

        // Side by side the s² aliases have the weight 1/s each, of a transform that is unitary on both grids.
        var norm = Rounding.QuotientUp(largest, Math.Sqrt(aliases) * (1 - (2 * Rounding.Unit)));
        return Rounding.SumUp(norm, TransformError(weight, taps.shape[1]));
    }

    private static (double[] Cosines, double[] Sines) Table((int A, int B)[] block, GridAxis vertical, GridAxis horizontal)
    {
        var columns = block.Length * vertical.Stride * horizontal.Stride;
        var (cosines, sines) =
            (new double[vertical.Taps * horizontal.Taps * columns], new double[vertical.Taps * horizontal.Taps * columns]);
        var at = 0;
        for (var ky = 0; ky < vertical.Taps; ky++)
        {
            for (var kx = 0; kx < horizontal.Taps; kx++)
            {
                foreach (var (a, b) in block)
                {
                    for (var p = 0; p < vertical.Stride; p++)
                    {
                        var (c, s) = vertical.Wave(ky, a, p);
                        for (var q = 0; q < horizontal.Stride; q++)
                        {
                            var (d, t) = horizontal.Wave(kx, b, q);
                            (cosines[at], sines[at]) = ((c * d) - (s * t), (c * t) + (s * d));
                            at++;
                        }
                    }
                }
            }
        }

        return (cosines, sines);
    }
}
