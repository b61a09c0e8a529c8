using System.Numerics;
using MarginNet.Bounds;

namespace MarginNet.Verification;

/// <summary>Linear functions of a cell's inputs below the rows of a query: one pass backward through the lines of the gates (CROWN,
/// Zhang et al., 2018).</summary>
/// <remarks>Rounding: coefficients A of a layer's values cost |A|·D, with D as <see cref="CellForms"/> has it; that also covers what
/// A·W is off by. What sums of constants may be off by is a share of the sum of their sizes.</remarks>
internal sealed class CellRows
{
    private readonly DenseChain _chain;
    private readonly double _share;
    private readonly double[] _offsets;
    private readonly double[] _sizes;
    private double[] _coefficients;
    private double[] _next;

    /// <param name="chain">The network.</param>
    public CellRows(DenseChain chain)
    {
        _chain = chain;
        _share = Rounding.Gamma(4L * (chain.Generators + (8 * chain.Layers.Length) + 8));
        (_offsets, _sizes) = (new double[chain.Rows], new double[chain.Rows]);
        _coefficients = PaddedMatrix.Rows(chain.Rows, chain.Stride);
        _next = PaddedMatrix.Rows(chain.Rows, chain.Stride);
        Gaps = [.. chain.Layers.SkipLast(1).Select(_ => new double[chain.Stride])];
    }

    /// <summary>What the line above each gate may cost, summed over the rows; of each layer, shape [stride].</summary>
    public double[][] Gaps { get; }

    /// <summary>Bounds some rows.</summary>
    /// <param name="forms">What is known of all values.</param>
    /// <param name="chosen">Which rows.</param>
    /// <param name="cell">The cell.</param>
    /// <param name="rows">Takes the functions, in the same order.</param>
    public void Bound(CellForms forms, ReadOnlySpan<int> chosen, Cell cell, LinearRows rows)
    {
        var (last, stride) = (_chain.Layers[^1], _chain.Stride);
        for (var r = 0; r < chosen.Length; r++)
        {
            last.ByOutput.AsSpan(chosen[r] * stride, stride).CopyTo(_coefficients.AsSpan(r * stride));
            _offsets[r] = last.Bias[chosen[r]] - forms.Layers[^1].Noise[chosen[r]];
            _sizes[r] = Math.Abs(last.Bias[chosen[r]]);
        }

        for (var l = _chain.Layers.Length - 2; l >= 0; l--)
        {
            Array.Clear(Gaps[l]);
            for (var r = 0; r < chosen.Length; r++)
            {
                Gate(l, forms.Layers[l], r);
            }

            // The numbers that the next layer takes are those that its gates do not hold at 0.
            PaddedMatrix.Multiply(
                _coefficients, chosen.Length, forms.Layers[l + 1].Inputs, _chain.Layers[l].ByOutput, stride, _next);
            (_coefficients, _next) = (_next, _coefficients);
        }

        for (var r = 0; r < chosen.Length; r++)
        {
            rows.Add(_coefficients.AsSpan(r * stride, _chain.Inputs), _offsets[r] - (_sizes[r] * _share), _sizes[r], cell);
        }
    }

    /// <summary>From coefficients of gates' values to those of their inputs.</summary>
    private void Gate(int l, LayerForm form, int r)
    {
        var coefficients = PaddedMatrix.Vectors(_coefficients.AsSpan(r * _chain.Stride, _chain.Stride));
        var below = PaddedMatrix.Vectors(form.LowerSlope);
        var above = PaddedMatrix.Vectors(form.Slope);
        var offset = PaddedMatrix.Vectors(form.Offset);
        var noise = PaddedMatrix.Vectors(form.Noise);
        var bias = PaddedMatrix.Vectors(_chain.Layers[l].Bias);
        var gaps = PaddedMatrix.Vectors(Gaps[l]);
        Vector<double> sum = default, size = default, error = default;
        for (var v = 0; v < coefficients.Length; v++)
        {
            var a = coefficients[v];
            var negative = Vector.Min(a, Vector<double>.Zero);
            var lines = negative * offset[v];
            gaps[v] += Vector.Abs(a) * offset[v];
            a = ((a - negative) * below[v]) + (negative * above[v]);
            var constants = a * bias[v];
            sum += lines + constants;
            size += Vector.Abs(lines) + Vector.Abs(constants);
            error += Vector.Abs(a) * noise[v];
            coefficients[v] = a;
        }

        _offsets[r] += Vector.Sum(sum) - (Vector.Sum(error) * (1 + 1e-9));
        _sizes[r] += Vector.Sum(size) + Vector.Sum(error);
    }
}
