using System.Collections.Immutable;
using MarginNet.Relaxations;

namespace MarginNet.Verification;

/// <summary>Looks at cells one at a time: what of one is proven, which points are unsafe, and how the rest is parted; for one
/// thread.</summary>
internal sealed class CellProver
{
    /// <summary>The splits after which a cell is set aside.</summary>
    public const int MostDepth = 200;

    private const double LeastWidth = 1e-9; // Of the width of the query's box, or of its numbers.
    private const double Shrunk = 0.3; // What is left of a cell that is looked at again before it is split.
    private const int FewUndecided = 10; // Neurons that are split rather than inputs.

    private readonly DenseChain _chain;
    private readonly ImmutableArray<ImmutableArray<int>> _conjunctions;
    private readonly Witnesses _witnesses;
    private readonly CellForms _forms;
    private readonly CellRows _bounds;
    private readonly LinearRows _rows;
    private readonly RowCombination _combination;
    private readonly double[] _leastWidths;
    private readonly double[] _values;
    private readonly int[] _places; // Of each of the chain's rows among those of the cell.
    private readonly int[] _chosen; // Rows of the chain.
    private readonly int[] _together; // Rows of one conjunction.
    private readonly List<int> _alive = [];
    private readonly double[] _lower; // What is left of the cell for one conjunction,
    private readonly double[] _upper;
    private readonly double[] _least; // and for all.
    private readonly double[] _most;
    private readonly double[] _point;
    private readonly double[] _score;
    private double _worst;

    /// <param name="chain">The network.</param>
    /// <param name="query">What is asked of it.</param>
    /// <param name="conjunctions">The rows of each conjunction.</param>
    /// <param name="rounding">What bounds cover.</param>
    /// <param name="witnesses">Takes points.</param>
    public CellProver(
        DenseChain chain, Query query, ImmutableArray<ImmutableArray<int>> conjunctions, RoundingModel rounding, Witnesses witnesses)
    {
        (_chain, _conjunctions, _witnesses) = (chain, conjunctions, witnesses);
        var capacity = chain.Rows + MostDepth + 1;
        (_forms, _bounds) = (new(chain, rounding), new(chain));
        (_rows, _combination) = (new(chain.Inputs, capacity), new(chain.Inputs, capacity));
        _leastWidths = [.. query.Lower.Zip(query.Upper, (lower, upper) => (upper - lower) * LeastWidth)];
        _values = new double[2 * chain.Stride];
        (_places, _chosen, _together) = (new int[chain.Rows], new int[chain.Rows], new int[capacity]);
        double[] Inputs() => new double[chain.Inputs];
        (_lower, _upper, _least, _most, _point, _score) = (Inputs(), Inputs(), Inputs(), Inputs(), Inputs(), Inputs());
    }

    /// <summary>The cells that could neither be proven nor split.</summary>
    public long SetAside { get; private set; }

    /// <summary>Bounds a cell.</summary>
    /// <param name="cell">The cell.</param>
    /// <returns>What has yet to be shown of it: none, itself shrunk, or two parts.</returns>
    public (Cell? One, Cell? Other) Bound(Cell cell)
    {
        _rows.Clear();
        if (!_forms.Bound(cell, _rows))
        {
            return default;
        }

        var known = _rows.Count;
        _bounds.Bound(_forms, Choose(cell, known), cell, _rows);
        if (!Prune(cell, known))
        {
            return default;
        }

        var rest = cell with { Lower = [.. _least], Upper = [.. _most], Alive = Alive(cell), Depth = cell.Depth + 1 };
        return _witnesses.IsClear ? default : Part(cell, rest);
    }

    /// <summary>A cell with its priority.</summary>
    public Cell Ranked(Cell cell)
    {
        for (var j = 0; j < _point.Length; j++)
        {
            _point[j] = cell.Lower[j] + ((cell.Upper[j] - cell.Lower[j]) / 2);
        }

        return cell with { Excess = _witnesses.Try(_point, _values) };
    }

    private ImmutableArray<int> Alive(Cell cell) => _alive.Count == cell.Alive.Length ? cell.Alive : [.. _alive];

    /// <summary>The rows of all conjunctions that are alive.</summary>
    private ReadOnlySpan<int> Choose(Cell cell, int known)
    {
        Array.Fill(_places, -1);
        var count = 0;
        foreach (var conjunction in cell.Alive)
        {
            foreach (var row in _conjunctions[conjunction])
            {
                if (_places[row] < 0)
                {
                    _places[row] = known + count;
                    _chosen[count++] = row;
                }
            }
        }

        return _chosen.AsSpan(0, count);
    }

    /// <summary>Drops conjunctions that hold nowhere in the cell, shrinks it to where others may, and looks at points there.</summary>
    /// <returns>Whether any is left.</returns>
    private bool Prune(Cell cell, int known)
    {
        _alive.Clear();
        _least.AsSpan().Fill(double.PositiveInfinity);
        _most.AsSpan().Fill(double.NegativeInfinity);
        _worst = double.PositiveInfinity;
        foreach (var conjunction in cell.Alive)
        {
            cell.Lower.CopyTo(_lower, 0);
            cell.Upper.CopyTo(_upper, 0);
            var together = Together(conjunction, known);
            var (best, largest) = Largest(together[known..]);
            if (BoxContraction.Empties(_rows, together, _lower, _upper)
                || (together.Length > 1 && _combination.Empties(_rows, together, _lower, _upper)))
            {
                continue;
            }

            _alive.Add(conjunction);
            for (var j = 0; j < _lower.Length; j++)
            {
                (_least[j], _most[j]) = (Math.Min(_least[j], _lower[j]), Math.Max(_most[j], _upper[j]));
            }

            if (together.Length > 1 && _combination.HasPoint)
            {
                _combination.Point.CopyTo(_point);
                _witnesses.Try(_point, _values);
            }

            if (best >= 0 && !(largest >= _worst))
            {
                _worst = largest;
                TryCorner(_rows.Gradient(best));
            }
        }

        return _alive.Count > 0;
    }

    /// <summary>The rows of one conjunction, behind those that tell the cell.</summary>
    private Span<int> Together(int conjunction, int known)
    {
        var count = 0;
        while (count < known)
        {
            _together[count] = count++;
        }

        foreach (var row in _conjunctions[conjunction])
        {
            _together[count++] = _places[row];
        }

        return _together.AsSpan(0, count);
    }

    private (int Row, double Minimum) Largest(ReadOnlySpan<int> rows)
    {
        var (best, largest) = (-1, double.NegativeInfinity);
        foreach (var row in rows)
        {
            var least = _rows.Minimum(row, _lower, _upper);
            if (least > largest)
            {
                (best, largest) = (row, least);
            }
        }

        return (best, largest);
    }

    /// <summary>The corner at which a row is least.</summary>
    private void TryCorner(ReadOnlySpan<double> gradient)
    {
        for (var j = 0; j < _point.Length; j++)
        {
            _point[j] = gradient[j] > 0 ? _lower[j] : _upper[j];
        }

        _witnesses.Try(_point, _values);
    }

    /// <summary>Parts what is left of a cell: not yet where little is, by a neuron where few matter, else by the input that the rows'
    /// gaps depend on most.</summary>
    private (Cell? One, Cell? Other) Part(Cell cell, Cell rest)
    {
        if (cell.Depth >= MostDepth || !IsWide(rest))
        {
            SetAside++;
            return default;
        }

        if (Left(cell, rest) < Shrunk)
        {
            return (Ranked(rest), null);
        }

        var (count, widest) = Undecided(cell);
        if (count == 0)
        {
            // All is linear here, or no number at all: what a program over the rows could not decide, no split will.
            SetAside++;
            return default;
        }

        if (count <= FewUndecided)
        {
            var ranked = rest with { Excess = cell.Excess };
            Cell Half(bool isOpen) => ranked with { Splits = rest.Splits.Add(widest with { IsOpen = isOpen }) };
            return (Half(false), Half(true));
        }

        var input = Input(cell, rest);
        var middle = rest.Lower[input] + ((rest.Upper[input] - rest.Lower[input]) / 2);
        double[] Changed(double[] ends) => [.. ends[..input], middle, .. ends[(input + 1)..]];
        return (Ranked(rest with { Upper = Changed(rest.Upper) }), Ranked(rest with { Lower = Changed(rest.Lower) }));
    }

    private bool IsWide(Cell cell)
    {
        for (var j = 0; j < _leastWidths.Length; j++)
        {
            if (cell.Upper[j] - cell.Lower[j] > _leastWidths[j])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The share of a cell that is left.</summary>
    private static double Left(Cell cell, Cell rest)
    {
        var share = 1.0;
        for (var j = 0; j < cell.Lower.Length; j++)
        {
            var width = cell.Upper[j] - cell.Lower[j];
            share *= width > 0 ? (rest.Upper[j] - rest.Lower[j]) / width : 1;
        }

        return share;
    }

    /// <summary>How many gates are undecided and matter to the rows, or else to what the cell knows of later neurons, and the one that
    /// does most; none where bounds overflowed.</summary>
    private (int Count, Split Widest) Undecided(Cell cell)
    {
        var found = Undecided((l, k) => _bounds.Gaps[l][k]);
        if (found.Count > 0 || cell.Splits.IsEmpty)
        {
            return found;
        }

        var deepest = cell.Splits.Max(split => split.Step);
        return Undecided((l, k) => l < deepest ? _forms.Layers[l].Offset[k] : 0);
    }

    private (int Count, Split Widest) Undecided(Func<int, int, double> gap)
    {
        var (count, most, widest) = (0, 0.0, default(Split));
        for (var l = 0; l < _bounds.Gaps.Length; l++)
        {
            for (var k = 0; k < _chain.Layers[l].Outputs; k++)
            {
                var own = gap(l, k);
                if (!double.IsFinite(own))
                {
                    return default;
                }

                if (own > 0)
                {
                    count++;
                }

                if (own > most)
                {
                    (most, widest) = (own, new(l, k, IsOpen: false));
                }
            }
        }

        return (count, widest);
    }

    /// <summary>The input by which the inputs of gates with gaps vary most.</summary>
    private int Input(Cell cell, Cell rest)
    {
        _score.AsSpan().Clear();
        for (var l = 0; l < _bounds.Gaps.Length; l++)
        {
            var form = _forms.Layers[l];
            for (var k = 0; k < _chain.Layers[l].Outputs; k++)
            {
                var weight = _bounds.Gaps[l][k];
                if (!(weight > 0))
                {
                    continue;
                }

                weight /= form.Upper[k] - form.Lower[k];
                for (var j = 0; j < _score.Length; j++)
                {
                    _score[j] += weight * Math.Abs(form.InputPart[(j * _chain.Stride) + k]);
                }
            }
        }

        var (best, most) = (-1, 0.0);
        var (broadest, width) = (0, double.NegativeInfinity);
        for (var j = 0; j < _score.Length; j++)
        {
            var (was, left) = (cell.Upper[j] - cell.Lower[j], rest.Upper[j] - rest.Lower[j]);
            var score = was > 0 ? _score[j] * left / was : 0;
            if (score > most)
            {
                (best, most) = (j, score);
            }

            if (left > width)
            {
                (broadest, width) = (j, left);
            }
        }

        return best >= 0 ? best : broadest;
    }
}
