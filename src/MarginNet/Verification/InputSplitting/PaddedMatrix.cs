using System.Numerics;
using System.Runtime.InteropServices;

namespace MarginNet.Verification;

/// <summary>Matrices as arrays whose rows are padded to whole vectors of the processor.</summary>
internal static class PaddedMatrix
{
    private const int RowsAtOnce = 4;

    /// <summary>The length of a row that so many numbers fit in.</summary>
    public static int Stride(int width) => RoundUp(Math.Max(1, width), 2 * Vector<double>.Count);

    /// <summary>An array for so many rows, of which products may overwrite some behind the last.</summary>
    public static double[] Rows(int count, int stride) => new double[RoundUp(Math.Max(1, count), RowsAtOnce) * stride];

    /// <summary>Its rows as vectors.</summary>
    public static Span<Vector<double>> Vectors(Span<double> values) => MemoryMarshal.Cast<double, Vector<double>>(values);

    /// <summary>Computes C = A·B, of which only some columns of A and rows of B count.</summary>
    /// <param name="left">A, in an array of <see cref="Rows"/>.</param>
    /// <param name="rows">The rows of A and C.</param>
    /// <param name="places">The columns of A and rows of B that count.</param>
    /// <param name="right">B.</param>
    /// <param name="stride">The length of a row of each.</param>
    /// <param name="result">C, in an array of <see cref="Rows"/>.</param>
    public static void Multiply(
        Span<double> left, int rows, ReadOnlySpan<int> places, Span<double> right, int stride, Span<double> result)
    {
        var from = Vectors(right);
        var to = Vectors(result);
        var vectors = stride / Vector<double>.Count;
        for (var row = 0; row < rows; row += RowsAtOnce)
        {
            for (var column = 0; column < vectors; column += 2)
            {
                MultiplyBlock(
                    left.Slice(row * stride, RowsAtOnce * stride), places, from[column..], vectors, to[((row * vectors) + column)..]);
            }
        }
    }

    /// <summary>Adds a·B to a row.</summary>
    /// <param name="left">a.</param>
    /// <param name="count">The numbers in it.</param>
    /// <param name="right">B.</param>
    /// <param name="row">What is added to, shape [stride].</param>
    public static void AddProduct(ReadOnlySpan<double> left, int count, Span<double> right, Span<double> row)
    {
        var from = Vectors(right);
        var to = Vectors(row);
        for (var k = 0; k < count; k++)
        {
            if (left[k] == 0)
            {
                continue;
            }

            var factor = Vector.Create(left[k]);
            var part = from.Slice(k * to.Length, to.Length);
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = Vector.MultiplyAddEstimate(factor, part[i], to[i]);
            }
        }
    }

    /// <summary>Four rows and two vectors of each, in registers.</summary>
    private static void MultiplyBlock(
        ReadOnlySpan<double> left, ReadOnlySpan<int> places, ReadOnlySpan<Vector<double>> right, int vectors, Span<Vector<double>> result)
    {
        var stride = left.Length / RowsAtOnce;
        var a = left[..stride];
        var b = left.Slice(stride, stride);
        var c = left.Slice(2 * stride, stride);
        var d = left.Slice(3 * stride, stride);
        Vector<double> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
        foreach (var k in places)
        {
            var (w0, w1) = (right[k * vectors], right[(k * vectors) + 1]);
            var factor = Vector.Create(a[k]);
            (a0, a1) = (Vector.MultiplyAddEstimate(factor, w0, a0), Vector.MultiplyAddEstimate(factor, w1, a1));
            factor = Vector.Create(b[k]);
            (b0, b1) = (Vector.MultiplyAddEstimate(factor, w0, b0), Vector.MultiplyAddEstimate(factor, w1, b1));
            factor = Vector.Create(c[k]);
            (c0, c1) = (Vector.MultiplyAddEstimate(factor, w0, c0), Vector.MultiplyAddEstimate(factor, w1, c1));
            factor = Vector.Create(d[k]);
            (d0, d1) = (Vector.MultiplyAddEstimate(factor, w0, d0), Vector.MultiplyAddEstimate(factor, w1, d1));
        }

        (result[0], result[1]) = (a0, a1);
        (result[vectors], result[vectors + 1]) = (b0, b1);
        (result[2 * vectors], result[(2 * vectors) + 1]) = (c0, c1);
        (result[3 * vectors], result[(3 * vectors) + 1]) = (d0, d1);
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
