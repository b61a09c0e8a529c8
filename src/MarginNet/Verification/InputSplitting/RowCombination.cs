namespace MarginNet.Verification;

/// <summary>
/// The best weights w ≥ 0 of rows gᵢ·x + hᵢ for a proof that they are nowhere in a box together at most 0: those of the largest minimum
/// of Σ wᵢ(gᵢ·x + hᵢ). A linear program in its dual, by the simplex method, in tableau form; D + 1 rows for D inputs.
/// </summary>
/// <remarks>
/// In coordinates z = (x − lower)/width: max Σ wᵢhᵢ − Σ pⱼ with pⱼ ≥ −Σ wᵢgᵢⱼ, p ≥ 0, Σ w = 1. Whatever comes out is evaluated as a row
/// of its own, so nothing rests on the method. The prices of the constraints are the z at which the largest row is least.
/// </remarks>
internal sealed class RowCombination
{
    private const double Pivotable = 1e-11;
    private const int MostPivots = 60;
    private const int PivotsByGain = 30; // After which Bland's rule ends cycles.

    private readonly int _inputs;
    private readonly int _width;
    private readonly double[] _tableau; // [inputs + 2, width]; the last row is the objective, and the last column in use the basis.
    private readonly int[] _basis;
    private readonly double[] _scales;
    private readonly double[] _gradient;
    private readonly double[] _point;
    private int _columns;

    /// <param name="inputs">The number of inputs D.</param>
    /// <param name="capacity">The most rows.</param>
    public RowCombination(int inputs, int capacity)
    {
        _inputs = inputs;
        _width = capacity + (2 * inputs) + 1;
        _tableau = new double[(inputs + 2) * _width];
        _basis = new int[inputs + 1];
        _scales = new double[capacity];
        _gradient = new double[inputs];
        _point = new double[inputs];
    }

    /// <summary>Where the largest row is least, shape [inputs]; meaningful where <see cref="HasPoint"/>.</summary>
    public ReadOnlySpan<double> Point => _point;

    /// <summary>Whether the program was solved.</summary>
    public bool HasPoint { get; private set; }

    /// <summary>Shrinks a box by the best combination of rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="chosen">Which of them hold together.</param>
    /// <param name="lower">The box, which is changed.</param>
    /// <param name="upper">Its upper ends.</param>
    /// <returns>Whether nothing is left.</returns>
    public bool Empties(LinearRows rows, ReadOnlySpan<int> chosen, Span<double> lower, Span<double> upper)
    {
        HasPoint = false;
        var start = Fill(rows, chosen, lower, upper);
        Begin(chosen.Length, start);
        var isSolved = Solve();
        var offset = Combine(rows, chosen);
        var least = LinearRows.Minimum(_gradient, offset, lower, upper);
        if (BoxContraction.IsPositive(least))
        {
            return true;
        }

        HasPoint = isSolved;
        for (var j = 0; j < _inputs; j++)
        {
            _point[j] = lower[j] + (Math.Clamp(At(_inputs + 1, chosen.Length + _inputs + j), 0, 1) * (upper[j] - lower[j]));
        }

        BoxContraction.Cut(_gradient, least, lower, upper);
        return false;
    }

    private ref double At(int row, int column) => ref _tableau[(row * _width) + column];

    /// <summary>Writes the program, each row scaled to the size of its gradient.</summary>
    /// <returns>The row with the best bound by itself.</returns>
    private int Fill(LinearRows rows, ReadOnlySpan<int> chosen, ReadOnlySpan<double> lower, ReadOnlySpan<double> upper)
    {
        var count = chosen.Length;
        _columns = count + (2 * _inputs);
        for (var row = 0; row < _inputs + 2; row++)
        {
            _tableau.AsSpan((row * _width) + count, _columns + 1 - count).Clear();
        }

        var (start, best) = (0, double.NegativeInfinity);
        for (var i = 0; i < count; i++)
        {
            var gradient = rows.Gradient(chosen[i]);
            var (least, norm) = (rows.Minimum(chosen[i], lower, upper), 1e-300);
            var offset = rows.Offset(chosen[i]);
            for (var j = 0; j < _inputs; j++)
            {
                offset += gradient[j] * lower[j];
                At(j, i) = -gradient[j] * (upper[j] - lower[j]);
                norm += Math.Abs(At(j, i));
            }

            var scale = _scales[i] = 1 / norm;
            for (var j = 0; j < _inputs; j++)
            {
                At(j, i) *= scale;
            }

            At(_inputs, i) = 1;
            At(_inputs + 1, i) = -offset * scale;
            if (least * scale > best)
            {
                (start, best) = (i, least * scale);
            }
        }

        return start;
    }

    private void Begin(int count, int start)
    {
        for (var j = 0; j < _inputs; j++)
        {
            At(j, count + j) = -1;
            At(j, count + _inputs + j) = 1;
            At(_inputs + 1, count + j) = 1;
            _basis[j] = count + _inputs + j;
        }

        At(_inputs, _columns) = 1;
        _basis[_inputs] = -1;
        for (var j = 0; j < _inputs; j++)
        {
            if (At(j, start) > 0)
            {
                Pivot(j, count + j);
            }
        }

        Pivot(_inputs, start);
    }

    /// <returns>Whether the optimum was reached; not where a proof was before it.</returns>
    private bool Solve()
    {
        for (var pivot = 0; pivot < MostPivots && !(At(_inputs + 1, _columns) > 1e-9); pivot++)
        {
            if (Entering(byGain: pivot < PivotsByGain) is not { } column)
            {
                return true;
            }

            if (Leaving(column) is not { } row)
            {
                return false;
            }

            Pivot(row, column);
        }

        return false;
    }

    private int? Entering(bool byGain)
    {
        var (best, gain) = (default(int?), -Pivotable);
        var objective = _tableau.AsSpan((_inputs + 1) * _width, _columns);
        for (var column = 0; column < objective.Length; column++)
        {
            if (objective[column] < gain)
            {
                (best, gain) = (column, objective[column]);
                if (!byGain)
                {
                    break;
                }
            }
        }

        return best;
    }

    private int? Leaving(int column)
    {
        var (best, ratio) = (default(int?), double.PositiveInfinity);
        for (var row = 0; row <= _inputs; row++)
        {
            if (At(row, column) > Pivotable)
            {
                var own = At(row, _columns) / At(row, column);
                if (own < ratio || (best is { } other && own == ratio && _basis[row] < _basis[other]))
                {
                    (best, ratio) = (row, own);
                }
            }
        }

        return best;
    }

    private void Pivot(int row, int column)
    {
        var own = _tableau.AsSpan(row * _width, _columns + 1);
        var factor = 1 / own[column];
        foreach (ref var value in own)
        {
            value *= factor;
        }

        for (var other = 0; other < _inputs + 2; other++)
        {
            var values = _tableau.AsSpan(other * _width, _columns + 1);
            var part = values[column];
            if (other != row && part != 0)
            {
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] -= part * own[i];
                }
            }
        }

        _basis[row] = column;
    }

    /// <summary>The gradient of the rows' sum by the weights in the basis, and its offset.</summary>
    private double Combine(LinearRows rows, ReadOnlySpan<int> chosen)
    {
        Array.Clear(_gradient);
        var offset = 0.0;
        for (var row = 0; row <= _inputs; row++)
        {
            if (_basis[row] is var column && column >= 0 && column < chosen.Length)
            {
                var weight = Math.Max(0, At(row, _columns)) * _scales[column];
                offset += weight * rows.Offset(chosen[column]);
                var gradient = rows.Gradient(chosen[column]);
                for (var j = 0; j < _inputs; j++)
                {
                    _gradient[j] += weight * gradient[j];
                }
            }
        }

        return offset;
    }
}
