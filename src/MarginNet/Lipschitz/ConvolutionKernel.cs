using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>A convolution at its input size as a linear map.</summary>
/// <param name="Weight">The kernel, shape [out, in/groups, height, width], float64, on the CPU.</param>
/// <param name="RelativeError">The share by which each entry may differ from the true one, such as by folding.</param>
/// <param name="Geometry">The size of the input and the steps.</param>
internal sealed record ConvolutionKernel(Tensor Weight, double RelativeError, ConvolutionGeometry Geometry)
{
    private const long MatrixEntries = 1 << 20; // 8 MB;
    private const long MatrixSide = 512; // and what a Gram iteration of a second or less can take.
    private const long ChunkEntries = 1 << 21; // 32 MB of complex numbers at a time.
    private const double TableError = 16 * Rounding.Unit; // Of cos and sin of 2πr/M, with the rounding of the angle.

    private long Out => Weight.shape[0];

    private long InPerGroup => Weight.shape[1];

    private (int Height, int Width) Kernel => ((int)Weight.shape[2], (int)Weight.shape[3]);

    /// <summary>
    /// The largest norm over the frequencies of a circular grid of at least N + K − 1 points per axis, K being the extent of
    /// the dilated kernel. On such a grid no two windows that meet the input wrap onto each other, so the zero-padded map is a
    /// compression of the circulant one. With stride s the grid is a multiple of s: the rows kept are one coset of it, and
    /// each of the frequencies that remain couples s² aliased ones side by side.
    /// </summary>
    public UpperBound FrequencyNorm()
    {
        var largest = 0.0;
        for (var group = 0; group < Geometry.Groups; group++)
        {
            using var scope = NewDisposeScope();
            var perGroup = Out / Geometry.Groups;
            largest = Math.Max(largest, FrequencyNorm(Weight.narrow(0, group * perGroup, perGroup)));
        }

        return new(Rounding.SumUp(largest, EntryError(RelativeError)));
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
        var weights = Weight.data<double>().ToArray();
        foreach (var (row, column, tap) in Entries(height, width))
        {
            values[(row * columns) + column] = weights[tap];
        }

        return new(tensor(values, [rows, columns]), EntryError(RelativeError));
    }

    private IEnumerable<(long Row, long Column, long Tap)> Entries(int height, int width)
    {
        var (outPerGroup, g) = (Out / Geometry.Groups, Geometry);
        for (var o = 0L; o < Out; o++)
        {
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    var row = (((o * height) + y) * width) + x;
                    for (var tap = 0L; tap < InPerGroup * Kernel.Height * Kernel.Width; tap++)
                    {
                        var (channel, ky, kx) = (tap / (Kernel.Height * Kernel.Width), tap / Kernel.Width % Kernel.Height, tap % Kernel.Width);
                        var v = (y * g.Stride.Vertical) - g.Padding.Vertical + (ky * g.Dilation.Vertical);
                        var h = (x * g.Stride.Horizontal) - g.Padding.Horizontal + (kx * g.Dilation.Horizontal);
                        if (v >= 0 && v < g.Height && h >= 0 && h < g.Width)
                        {
                            var input = (o / outPerGroup * InPerGroup) + channel;
                            yield return (row, (((input * g.Height) + v) * g.Width) + h, (o * InPerGroup * Kernel.Height * Kernel.Width) + tap);
                        }
                    }
                }
            }
        }
    }

    /// <summary>A share of each entry in the norm of the map, at most that share of Σ over taps of ‖W_t‖_F.</summary>
    private double EntryError(double share)
    {
        if (share == 0)
        {
            return 0;
        }

        using var scope = NewDisposeScope();
        return Rounding.ProductUp(share, Rounding.NormUp(Weight.square().sum([0, 1]).sqrt().sum().item<double>(), Weight.numel()));
    }

    private double FrequencyNorm(Tensor weight)
    {
        var (vertical, horizontal) = (
            new GridAxis(Geometry.Height, Kernel.Height, Geometry.Stride.Vertical, Geometry.Dilation.Vertical),
            new GridAxis(Geometry.Width, Kernel.Width, Geometry.Stride.Horizontal, Geometry.Dilation.Horizontal));
        var taps = weight.reshape(-1, Kernel.Height * Kernel.Width);
        var aliases = vertical.Stride * horizontal.Stride;
        var chunk = (int)Math.Max(1, ChunkEntries / (weight.shape[0] * weight.shape[1] * aliases));
        var largest = 0.0;

        // A real kernel has conjugate values at opposite frequencies: half of one axis is enough.
        var pairs = from a in Enumerable.Range(0, vertical.Frequencies) from b in Enumerable.Range(0, (horizontal.Frequencies / 2) + 1) select (a, b);
        foreach (var block in pairs.Chunk(chunk))
        {
            using var scope = NewDisposeScope();
            var (cosines, sines) = Table(block, vertical, horizontal);
            var shape = new[] { weight.shape[0], weight.shape[1], block.Length, aliases };
            var transform = complex(taps.mm(tensor(cosines, [taps.shape[1], block.Length * aliases])), taps.mm(tensor(sines, [taps.shape[1], block.Length * aliases])));
            var stacked = transform.reshape(shape).permute(2, 0, 1, 3).reshape(block.Length, shape[0], shape[1] * aliases);
            largest = Math.Max(largest, GramIteration.LargestNorm(stacked));
        }

        // Side by side the s² aliases have the weight 1/s each, of a transform that is unitary on both grids.
        var norm = Rounding.QuotientUp(largest, Math.Sqrt(aliases) * (1 - (2 * Rounding.Unit)));
        var transformError = EntryError(2 * (Rounding.Gamma(taps.shape[1] + 4) + TableError));
        return Rounding.SumUp(norm, transformError);
    }

    private static (double[] Cosines, double[] Sines) Table((int A, int B)[] block, GridAxis vertical, GridAxis horizontal)
    {
        var columns = block.Length * vertical.Stride * horizontal.Stride;
        var (cosines, sines) = (new double[vertical.Taps * horizontal.Taps * columns], new double[vertical.Taps * horizontal.Taps * columns]);
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
