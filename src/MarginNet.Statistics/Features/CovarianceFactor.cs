using System.Numerics.Tensors;

namespace MarginNet.Features;

/// <summary>
/// A covariance Σ as S P L Lᵀ Pᵀ S, with S the deviations and L by Cholesky's factorisation with pivoting, as far as Σ has rank:
/// features that others
/// determine, or that do not vary, are left out of it.
/// </summary>
internal sealed class CovarianceFactor : IComponentCovariance
{
    private const double Tolerance = 1e-11; // of the share of a feature's variance that no other determines, where rounding leaves 1e-16 D

    private readonly int[] _order; // of the features that count
    private readonly double[] _reciprocals; // of their deviations
    private readonly double[] _rows; // of L, one after the other up to the diagonal, which is inverted

    private CovarianceFactor(int[] order, double[] reciprocals, double[] rows, double logDeterminant) =>
        (_order, _reciprocals, _rows, LogDeterminant) = (order, reciprocals, rows, logDeterminant);

    /// <summary>The rank R of Σ.</summary>
    public int Rank => _order.Length;

    /// <summary>log det Σ of the features that count.</summary>
    public double LogDeterminant { get; }

    /// <summary>Factorises.</summary>
    /// <param name="covariance">Σ, shape [D, D] row by row, symmetric; what is below the diagonal is read.</param>
    /// <param name="dimension">D.</param>
    public static CovarianceFactor Of(ReadOnlySpan<double> covariance, int dimension)
    {
        var (order, scales, left) = (new List<int>(), new double[dimension], new double[dimension]);
        var columns = new double[dimension][]; // row i of L for each feature, in the order of pivots
        for (var i = 0; i < dimension; i++)
        {
            var variance = covariance[(i * dimension) + i];
            (scales[i], columns[i]) = (variance > 0 ? 1 / Math.Sqrt(variance) : 0, new double[dimension]);
            left[i] = variance > 0 ? 1 : 0;
        }

        var logDeterminant = 0.0;
        while (order.Count < dimension)
        {
            var rank = order.Count;
            var pivot = TensorPrimitives.IndexOfMax<double>(left);
            if (left[pivot] <= Tolerance)
                break;

            var root = Math.Sqrt(left[pivot]);
            logDeterminant += 2 * (Math.Log(root) - Math.Log(scales[pivot]));
            for (var i = 0; i < dimension; i++)
            {
                if (i == pivot || left[i] <= 0)
                    continue;

                var value = i > pivot ? covariance[(i * dimension) + pivot] : covariance[(pivot * dimension) + i];
                value = ((value * scales[i] * scales[pivot])
                    - TensorPrimitives.Dot(columns[i].AsSpan(0, rank), columns[pivot].AsSpan(0, rank))) / root;
                columns[i][rank] = value;
                left[i] -= value * value;
            }

            columns[pivot][rank] = 1 / root;
            left[pivot] = 0;
            order.Add(pivot);
        }

        var rows = new double[order.Count * (order.Count + 1) / 2];
        for (var r = 0; r < order.Count; r++)
            columns[order[r]].AsSpan(0, r + 1).CopyTo(rows.AsSpan(Start(r)));

        return new CovarianceFactor([.. order], [.. order.Select(i => scales[i])], rows, logDeterminant);
    }

    /// <summary>Computes (x − m)ᵀ Σ⁻¹ (x − m) in the features that count.</summary>
    /// <param name="x">Shape [D].</param>
    /// <param name="mean">m, shape [D].</param>
    /// <param name="buffer">Room for R numbers.</param>
    public double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> mean, Span<double> buffer)
    {
        for (var r = 0; r < _order.Length; r++)
        {
            var row = _rows.AsSpan(Start(r), r + 1);
            var scaled = (x[_order[r]] - mean[_order[r]]) * _reciprocals[r];
            buffer[r] = (scaled - TensorPrimitives.Dot(row[..r], buffer[..r])) * row[r];
        }

        return TensorPrimitives.SumOfSquares<double>(buffer[.._order.Length]);
    }

    /// <summary>Computes the trace of Σ⁻¹, of the features that count.</summary>
    public double TraceOfInverse()
    {
        var (trace, zero, unit, buffer) = (0.0, new double[Dimension], new double[Dimension], new double[Rank]);
        foreach (var i in _order)
        {
            unit[i] = 1;
            trace += SquaredDistance(unit, zero, buffer);
            unit[i] = 0;
        }

        return trace;
    }

    private int Dimension => _order.Length == 0 ? 0 : _order.Max() + 1;

    private static int Start(int row) => row * (row + 1) / 2;
}
