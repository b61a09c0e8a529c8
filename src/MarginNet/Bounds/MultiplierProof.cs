using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// Proves L ≥ ‖W_m D … D W₁‖ for all gates 0 ≤ D ≤ I from any positive factors f of the hidden units: gates are diagonal, so that a chain
/// F whose units are divided by f and multiplied back has the same products. With u_k = D F_k u_{k−1},
/// 2u_kᵀ(F_k u_{k−1} − u_k) ≥ 0 for each k, and what is left to show is
/// L‖x‖² − ‖F_m u_{m−1}‖²/L ≥ Σ 2u_kᵀ(F_k u_{k−1} − u_k) for all x and u: that the block tridiagonal matrix with
/// 2I − F₁F₁ᵀ/L, 2I, …, 2I, from the last of which F_mᵀF_m/L is subtracted, on its diagonal, and −F_k below, is positive semidefinite.
/// </summary>
/// <remarks>
/// LipSDP's multipliers are T = f⁻². Only one for each unit is sound: those that couple two units, LipSDP-Network's, are not (Pauli et al.,
/// 2021). A Cholesky factorization of the matrix less what rounding may come to is the proof.
/// </remarks>
internal static class MultiplierProof
{
    /// <summary>Whether it succeeds.</summary>
    /// <param name="weights">W₁, …, W_m, at least two.</param>
    /// <param name="factors">f of each hidden layer's units, float64, positive.</param>
    /// <param name="bound">L, positive.</param>
    public static bool Holds(IReadOnlyList<BoundedMatrix> weights, IReadOnlyList<Tensor> factors, double bound)
    {
        using var scope = NewDisposeScope();
        var chain = weights.SkipLast(1).Select((weight, k) => weight.Rescaled(factors[k], k == 0 ? null : factors[k - 1])).ToArray();
        var last = weights[^1].Rescaled(ones(weights[^1].Rows, dtype: ScalarType.Float64), factors[^1]);
        var units = (int)chain.Sum(weight => weight.Rows);
        var matrix = eye(units, dtype: ScalarType.Float64).Times(2);
        var error = 0.0;
        Subtract(0, 0, Square(chain[0], bound));
        Subtract(units - (int)last.Columns, units - (int)last.Columns, Square(last.Transposed(), bound));
        var at = (int)chain[0].Rows;
        foreach (var weight in chain.Skip(1))
        {
            Subtract(at, at - (int)weight.Columns, weight);
            at += (int)weight.Rows;
        }

        // Numbers of the diagonal are at most 2. Each is rounded three times, and the trace counts in the factorization.
        var rounding = (8 * Rounding.Unit) + (4 * units * Rounding.Gamma(units + 4));
        var (_, info) = linalg.cholesky_ex(matrix - eye(units, dtype: ScalarType.Float64).Times(Rounding.SumUp(error, rounding)));
        return info.item<int>() == 0;

        void Subtract(int row, int column, BoundedMatrix block)
        {
            matrix[row..(row + (int)block.Rows), column..(column + (int)block.Columns)] -= block.Value;
            error = Rounding.SumUp(error, block.Error);
        }
    }

    /// <summary>FFᵀ/L.</summary>
    private static BoundedMatrix Square(BoundedMatrix factor, double divisor)
    {
        var square = factor * factor.Transposed();
        var quotient = new BoundedMatrix(square.Value.Over(divisor), 0);
        var rounding = Rounding.SumUp(
            Rounding.ProductUp(quotient.Frobenius, 2 * Rounding.Unit), Rounding.Underflow(quotient.Rows * quotient.Columns));
        return quotient with { Error = Rounding.SumUp(Rounding.QuotientUp(square.Error, divisor), rounding) };
    }
}
