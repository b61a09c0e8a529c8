using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// A matrix known up to rounding: the true one differs from <paramref name="Value"/>, shape [m, n], float64, by a matrix of
/// Frobenius norm at most <paramref name="Error"/>. The tensor belongs to the dispose scope it was made in.
/// </summary>
internal sealed record BoundedMatrix(Tensor Value, double Error)
{
    public long Rows => Value.shape[0];

    public long Columns => Value.shape[1];

    /// <summary>An upper bound of the spectral norm.</summary>
    public UpperBound Norm() => new(Rounding.SumUp(GramIteration.LargestNorm(Value.unsqueeze(0)), Error));

    /// <summary>An upper bound of the Frobenius norm of the computed matrix.</summary>
    public double Frobenius => FrobeniusNorm.Of(Value);

    /// <summary>The product of two matrices, with the rounding of the product and what both errors come to in it.</summary>
    public static BoundedMatrix operator *(BoundedMatrix left, BoundedMatrix right)
    {
        var (l, r) = (left.Frobenius, right.Frobenius);
        var rounding = Rounding.ProductUp(Rounding.ProductUp(l, r), Rounding.Gamma(left.Columns + 4));
        var underflow = l == 0 || r == 0 ? 0 : Rounding.Underflow(left.Rows * left.Columns * right.Columns);
        var carried = Rounding.SumUp(
            Rounding.ProductUp(Rounding.SumUp(l, left.Error), right.Error),
            Rounding.ProductUp(left.Error, r));
        return new(left.Value.mm(right.Value), Rounding.SumUp(Rounding.SumUp(rounding, underflow), carried));
    }

    /// <summary>The sum of two matrices.</summary>
    public static BoundedMatrix operator +(BoundedMatrix left, BoundedMatrix right)
    {
        var sum = new BoundedMatrix(left.Value + right.Value, 0);
        return sum with
        {
            Error = Rounding.SumUp(Rounding.SumUp(left.Error, right.Error), Rounding.ProductUp(sum.Frobenius, Rounding.Gamma(1))),
        };
    }

    /// <summary>The matrix times a power of two.</summary>
    public BoundedMatrix TimesPowerOfTwo(int exponent) => new(
        PowerOfTwo.Times(Value, exponent),
        Rounding.SumUp(Rounding.ScaleUp(Error, exponent), Rows * Columns * PowerOfTwo.Lost(exponent)));

    /// <summary>The transpose.</summary>
    public BoundedMatrix Transposed() => this with { Value = Value.t() };

    /// <summary>The matrix of absolute values.</summary>
    public BoundedMatrix Abs() => this with { Value = Value.abs() };

    /// <summary>diag(outputs)⁻¹ · W · diag(inputs) for positive factors, whose quotients are numbers.</summary>
    /// <param name="outputs">Shape [m].</param>
    /// <param name="inputs">Shape [n]; null for ones.</param>
    public BoundedMatrix Rescaled(Tensor outputs, Tensor? inputs)
    {
        // Their quotients first: a weight that underflowed on the way would not come back.
        var scaled = new BoundedMatrix(Value * ((inputs ?? ones(1, dtype: ScalarType.Float64)) / outputs.unsqueeze(1)), 0);
        var carried = Rounding.QuotientUp(Rounding.ProductUp(Error, inputs?.max().item<double>() ?? 1), outputs.min().item<double>());
        var rounding = Rounding.SumUp(Rounding.ProductUp(scaled.Frobenius, 4 * Rounding.Unit), Rounding.Underflow(Rows * Columns));
        return scaled with { Error = Rounding.SumUp(carried, rounding) };
    }
}
