using System.Numerics;
using MarginNet.Bounds;
using MarginNet.Relaxations;

namespace MarginNet.Verification;

/// <summary>
/// Bounds of all values of a network in a cell: a zonotope, in which each input and each undecided neuron has a generator of its own, cut
/// with intervals, and with what the cell knows of neurons (Singh et al., 2018).
/// </summary>
/// <remarks>
/// <para>A value z of the network, which may be run with rounding of its own, is in c + Σ ξ_g P_g ± e with ξ in [−1, 1], where ξ of the
/// first generators are the inputs' places in the cell. A gate's value is in s·z + m ± m between its input's ends; of m a generator is
/// made.</para>
/// <para>Rounding: with M above |x| of the values that W·x + b takes, and above |c| + Σ|P_g| of their forms, one computation of it is off
/// by at most D = γ(|W|·M + |b|); e becomes |W|·e + D. The share γ is four times what the longest sums need.</para>
/// </remarks>
internal sealed class CellForms
{
    private const double Up = 1 + 1e-9;
    private const double Underflow = 1e-290;

    private readonly DenseChain _chain;
    private readonly double[] _shares;
    private readonly double[] _points; // Rows: c, the middles of the intervals.
    private readonly double[] _mapped;
    private readonly double[] _sizes; // Rows: the radii of the intervals, M, e.
    private readonly double[] _grown;
    private readonly double[] _radius; // Σ|P_g|
    private readonly int[] _undecided;
    private double[] _generators; // P, shape [G, stride]
    private double[] _next;
    private int _count; // G

    /// <param name="chain">The network.</param>
    /// <param name="rounding">What the bounds cover.</param>
    public CellForms(DenseChain chain, RoundingModel rounding)
    {
        _chain = chain;
        _shares = [.. chain.Layers.Select(layer => rounding.Share(layer.Terms + layer.Inputs + chain.Generators + 8))];
        double[] Rows(int count) => PaddedMatrix.Rows(count, chain.Stride);
        (_points, _mapped, _sizes, _grown) = (Rows(2), Rows(2), Rows(3), Rows(3));
        (_generators, _next) = (Rows(chain.Generators), Rows(chain.Generators));
        _radius = new double[chain.Stride];
        _undecided = new int[DenseChain.MostNumbers];
        Layers = [.. chain.Layers.Select(layer => new LayerForm(layer, chain.Inputs, chain.Stride))];
        Center = new double[chain.Inputs];
        Radius = new double[chain.Inputs];
    }

    /// <summary>What is known of each layer.</summary>
    public LayerForm[] Layers { get; }

    /// <summary>The middle of the cell, shape [inputs].</summary>
    public double[] Center { get; }

    /// <summary>How far it reaches from there, rounded up.</summary>
    public double[] Radius { get; }

    /// <summary>Bounds all values.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="rows">Takes a row for each of the cell's splits.</param>
    /// <returns>False where no input of the cell can be as its splits say.</returns>
    public bool Bound(Cell cell, LinearRows rows)
    {
        Start(cell);
        var last = Layers.Length - 1;
        for (var l = 0; l < last; l++)
        {
            Map(l);
            foreach (var split in cell.Splits)
            {
                if (split.Step == l && !Take(split, cell, rows))
                {
                    return false;
                }
            }

            _generators.AsSpan(0, _chain.Inputs * _chain.Stride).CopyTo(Layers[l].InputPart);
            if (!Gate(l))
            {
                return false;
            }
        }

        Grow(last);
        return true;
    }

    private Span<double> Row(double[] matrix, int row) => matrix.AsSpan(row * _chain.Stride, _chain.Stride);

    /// <summary>The inputs as generators that are yet to be made.</summary>
    private void Start(Cell cell)
    {
        var middle = Row(_points, 0);
        for (var j = 0; j < _chain.Inputs; j++)
        {
            middle[j] = Center[j] = cell.Lower[j] + ((cell.Upper[j] - cell.Lower[j]) / 2);
            var radius = Math.Max(cell.Upper[j] - Center[j], Center[j] - cell.Lower[j]);
            Row(_sizes, 0)[j] = Radius[j] = radius == 0 ? 0 : Math.BitIncrement(radius);
            Row(_sizes, 1)[j] = Math.BitIncrement(Math.Abs(Center[j]) + Radius[j]);
            Row(_sizes, 2)[j] = 0;
            _undecided[j] = j;
        }

        middle.CopyTo(Row(_points, 1));
        _count = 0;
        Layers[0].Taken = _chain.Inputs;
        for (var j = 0; j < _chain.Inputs; j++)
        {
            Layers[0].Places[j] = j;
        }
    }

    /// <summary>The numbers that rounding depends on, through a layer.</summary>
    private void Grow(int l)
    {
        var (layer, form) = (_chain.Layers[l], Layers[l]);
        PaddedMatrix.Multiply(_sizes, 3, form.Inputs, layer.SizeByInput, _chain.Stride, _grown);
        var size = Row(_grown, 1);
        for (var k = 0; k < size.Length; k++)
        {
            form.Noise[k] = (_shares[l] * (size[k] + layer.BiasSize[k])) + Underflow;
        }
    }

    /// <summary>The affine part of a layer, and the ends of its values.</summary>
    private void Map(int l)
    {
        var (layer, form, stride) = (_chain.Layers[l], Layers[l], _chain.Stride);
        var fresh = l == 0 ? _chain.Inputs : Layers[l - 1].Undecided;
        Grow(l);
        PaddedMatrix.Multiply(_points, 2, form.Inputs, layer.ByInput, stride, _mapped);
        PaddedMatrix.Multiply(_generators, _count, form.Inputs, layer.ByInput, stride, _next);
        for (var i = 0; i < fresh; i++)
        {
            var k = _undecided[i];
            var half = l == 0 ? Radius[k] : Layers[l - 1].Offset[k] / 2;
            var from = PaddedMatrix.Vectors(Row(layer.ByInput, k));
            var to = PaddedMatrix.Vectors(Row(_next, _count + i));
            for (var v = 0; v < to.Length; v++)
            {
                to[v] = from[v] * half;
            }
        }

        _count += fresh;
        (_generators, _next) = (_next, _generators);
        Sum();
        var center = Row(_mapped, 0);
        var middle = Row(_mapped, 1);
        var reach = Row(_grown, 0);
        var error = Row(_grown, 2);
        for (var k = 0; k < layer.Outputs; k++)
        {
            center[k] += layer.Bias[k];
            middle[k] += layer.Bias[k];
            error[k] = (error[k] + form.Noise[k]) * Up;
            var (around, beside) = (_radius[k] + error[k], reach[k] + (2 * form.Noise[k]));
            form.Lower[k] = Math.Max(center[k] - around, middle[k] - beside);
            form.Upper[k] = Math.Min(center[k] + around, middle[k] + beside);
        }
    }

    private void Sum()
    {
        var sums = PaddedMatrix.Vectors(_radius);
        sums.Clear();
        var from = PaddedMatrix.Vectors(_generators.AsSpan(0, _count * _chain.Stride));
        for (var g = 0; g < from.Length; g += sums.Length)
        {
            var row = from.Slice(g, sums.Length);
            for (var v = 0; v < row.Length; v++)
            {
                sums[v] += Vector.Abs(row[v]);
            }
        }
    }

    /// <summary>Takes what is known of a neuron: as its end, and as a row that is not positive.</summary>
    private bool Take(Split split, Cell cell, LinearRows rows)
    {
        var (form, k, sign) = (Layers[split.Step], split.Neuron, split.IsOpen ? -1.0 : 1.0);
        Span<double> gradient = stackalloc double[_chain.Inputs];
        var (offset, size) = (sign * Row(_mapped, 0)[k], Math.Abs(Row(_mapped, 0)[k]) + _radius[k]);
        offset -= Row(_grown, 2)[k];
        for (var g = 0; g < _count; g++)
        {
            var generator = _generators[(g * _chain.Stride) + k];
            if (g >= gradient.Length)
            {
                offset -= Math.Abs(generator);
            }
            else if (Radius[g] > 0)
            {
                gradient[g] = sign * generator / Radius[g];
                offset -= gradient[g] * Center[g];
            }
        }

        // What a sum of G numbers may be off by.
        rows.Add(gradient, offset - (size * Rounding.Gamma(2L * (_count + 8))), size, cell);
        if (split.IsOpen)
        {
            form.Lower[k] = Math.Max(form.Lower[k], 0);
            return !(form.Upper[k] < 0);
        }

        form.Upper[k] = Math.Min(form.Upper[k], 0);
        return !(form.Lower[k] > 0);
    }

    /// <summary>The gates of a layer; its values become what the next takes.</summary>
    /// <returns>False where a value has no place to be.</returns>
    private bool Gate(int l)
    {
        var (layer, form, next) = (_chain.Layers[l], Layers[l], Layers[l + 1]);
        var center = Row(_mapped, 0);
        var error = Row(_grown, 2);
        var (taken, undecided) = (0, 0);
        for (var k = 0; k < layer.Outputs; k++)
        {
            var (lower, upper) = (form.Lower[k], form.Upper[k]);
            if (lower > upper)
            {
                return false;
            }

            form.Set(k, lower, upper);
            if (upper <= 0 && layer.Closed == 0)
            {
                continue;
            }

            next.Places[taken++] = k;
            var (slope, half) = (form.Slope[k], form.Offset[k] / 2);
            if (form.IsUndecided(k))
            {
                _undecided[undecided++] = k;
            }

            if (slope != 1)
            {
                Scale(k, slope);
            }

            var (low, high) = (layer.Gate(lower), layer.Gate(upper));
            Row(_points, 0)[k] = (slope * center[k]) + half;
            Row(_points, 1)[k] = low + ((high - low) / 2);
            Row(_sizes, 0)[k] = (high - low) / 2;
            Row(_sizes, 2)[k] = slope * error[k];
            var reach = Math.Abs(Row(_points, 0)[k]) + (slope * (_radius[k] + error[k])) + half;
            Row(_sizes, 1)[k] = Math.Max(reach, Math.Max(Math.Abs(low), Math.Abs(high)));
        }

        (next.Taken, form.Undecided) = (taken, undecided);
        return true;
    }

    private void Scale(int k, double slope)
    {
        for (var at = k; at < _count * _chain.Stride; at += _chain.Stride)
        {
            _generators[at] *= slope;
        }
    }
}
