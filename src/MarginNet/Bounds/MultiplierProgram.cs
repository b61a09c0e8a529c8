using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// The semidefinite program of LipSDP (Fazlyab et al., 2019, one multiplier per hidden unit) for hidden layers u_k = D_k W_k u_{k−1} with
/// gates 0 ≤ D_k ≤ I: the least ρ with ρ‖x‖² − ‖Pu‖² ≥ Σ 2u_kᵀT_k(W_k u_{k−1} − u_k) for all x and u, whose right side no gate makes
/// negative. So ‖Pu‖² ≤ ρ‖x‖².
/// </summary>
/// <remarks>
/// With x eliminated this is S = 2T − TV − VᵀT − TQT/ρ − PᵀP ⪰ 0, where V has the matrices between hidden layers in its blocks and Q is
/// W₁W₁ᵀ. Newton's method follows the central path of tρ − log det S − K log ρ, K the number of units: within 2K/t of the least ρ. Nothing
/// here is proven, or has to be: <see cref="MultiplierProof"/> is.
/// </remarks>
internal sealed class MultiplierProgram
{
    // Each unit has a small input of its own, or the multipliers of dead ones would be infinite.
    private const double Regularization = 1e-8;
    private const double Growth = 5; // Of t.
    private const int MaxSteps = 300; // In all: a second or two for 300 units. Whatever was reached is feasible.
    private const int MaxHalvings = 40;
    private const double Centered = 0.1; // Of the squared Newton decrement on the way,
    private const double Converged = 1e-6; // and at the end.
    private const double SufficientDecrease = 0.1;

    private readonly Tensor _couplings;
    private readonly Tensor _gram;

    /// <param name="hidden">W₁, …, W_m, float64.</param>
    public MultiplierProgram(IReadOnlyList<Tensor> hidden)
    {
        var units = hidden.Sum(weight => weight.shape[0]);
        _couplings = zeros(units, units, dtype: ScalarType.Float64);
        var at = (int)hidden[0].shape[0];
        foreach (var weight in hidden.Skip(1))
        {
            _couplings[at..(at + (int)weight.shape[0]), (at - (int)weight.shape[1])..at] = weight;
            at += (int)weight.shape[0];
        }

        var first = hidden[0].mm(hidden[0].t());
        _gram = eye(units, dtype: ScalarType.Float64) * first.diagonal().mean().Times(Regularization);
        _gram[..(int)first.shape[0], ..(int)first.shape[0]] += first;
    }

    /// <summary>Finds multipliers for each of several P.</summary>
    /// <param name="outputs">P, shape [B, R, units of the last hidden layer].</param>
    /// <param name="start">Multipliers that are strictly feasible.</param>
    /// <param name="accuracy">The largest gap at the end, as a share of ρ.</param>
    public Multipliers Minimize(Tensor outputs, Multipliers start, double accuracy)
    {
        using var scope = NewDisposeScope();
        var fixedPart = Embed(outputs);
        var steps = MaxSteps;
        var current = Center(start, fixedPart, Centered, ref steps);
        while (steps > 0 && current.Gap.gt(current.Bound.Times(accuracy)) is var isWide && isWide.any().item<bool>())
        {
            var next = current with { Gap = current.Gap.where(isWide.logical_not(), current.Gap.Over(Growth)) };
            current = Center(next, fixedPart, Centered, ref steps);
        }

        return Center(current, fixedPart, Converged, ref steps).MoveToOuterScope();
    }

    /// <summary>Newton's method for one t.</summary>
    private Multipliers Center(Multipliers start, Tensor fixedPart, double tolerance, ref int steps)
    {
        var t = start.Gap.reciprocal().Times(2.0 * start.Units.shape[1]);
        var (current, factor) = (start, Factor(start, fixedPart).Factor);
        for (; steps > 0; steps--)
        {
            using var scope = NewDisposeScope();
            var direction = Direction(current, factor, t);
            var isOpen = direction.Decrement.IsAbove(tolerance);
            if (!isOpen.any().item<bool>())
            {
                break;
            }

            (current, factor) = Search(current, factor, fixedPart, direction, t, isOpen.to(ScalarType.Float64));
            (current, factor) = (current.MoveToOuterScope(), factor.MoveToOuterDisposeScope());
        }

        return current;
    }

    /// <summary>Multipliers that were found for one P, scaled for rows cᵀ instead: with S₀ = S + PᵀP, they prove ρcᵀS₀⁻¹c.</summary>
    /// <param name="found">Of one program.</param>
    /// <param name="rows">c, shape [B, 1, units of the last hidden layer].</param>
    public Multipliers Restrict(Multipliers found, Tensor rows)
    {
        var (units, last) = (_gram.shape[0], rows.shape[2]);
        var (factor, _) = Factor(found, zeros_like(_gram));
        var padded = cat([zeros(rows.shape[0], units - last, dtype: ScalarType.Float64), rows.squeeze(1)], 1);
        var shares = (padded * cholesky_solve(padded.t(), factor[0]).t()).sum(1);
        return new(found.Units * shares.unsqueeze(1), found.Bound * shares, found.Gap * shares);
    }

    /// <summary>PᵀP among the units of the last layer.</summary>
    private Tensor Embed(Tensor outputs)
    {
        var (units, last) = ((int)_gram.shape[0], (int)outputs.shape[2]);
        var squares = zeros(outputs.shape[0], units, units, dtype: ScalarType.Float64);
        squares[.., (units - last)..units, (units - last)..units] = outputs.mT.matmul(outputs);
        return squares;
    }

    /// <summary>L of S = LLᵀ, and where it exists.</summary>
    private (Tensor Factor, Tensor Exists) Factor(Multipliers multipliers, Tensor fixedPart)
    {
        var rows = multipliers.Units.unsqueeze(2);
        var coupled = rows * _couplings;
        var squares = rows * _gram * multipliers.Units.unsqueeze(1) / multipliers.Bound.reshape(-1, 1, 1);
        var (factor, info) = linalg.cholesky_ex(multipliers.Units.Times(2).diag_embed() - coupled - coupled.mT - squares - fixedPart);
        return (factor, info.Is(0));
    }

    private Step Direction(Multipliers at, Tensor factor, Tensor t)
    {
        var (units, bound) = (at.Units, at.Bound.unsqueeze(1));
        var weighted = units.unsqueeze(2) * _gram / bound.unsqueeze(2); // TQ/ρ.
        var inverse = cholesky_inverse(factor); // G = S⁻¹.
        // ∂S/∂T_i = e_i b_iᵀ + b_i e_iᵀ with the columns b_i of B = I − Vᵀ − TQ/ρ.
        var b = eye(units.shape[1], dtype: ScalarType.Float64) - _couplings.t() - weighted;
        var gb = inverse.matmul(b);
        var gr = inverse.matmul(weighted * units.unsqueeze(1)); // ∂S/∂ρ = R/ρ with R = TQT/ρ.
        var trace = gr.diagonal(dim1: 1, dim2: 2).sum(1);

        // Derivatives times T and ρ, so that steps are shares of them.
        var gradient = cat(
            [
                gb.diagonal(dim1: 1, dim2: 2).Times(-2) * units,
                ((t * at.Bound) - trace).Plus(-units.shape[1]).unsqueeze(1),
            ],
            1);
        var products = (inverse * (b.mT.matmul(gb) + (_gram / bound.unsqueeze(2)))) + (gb * gb.mT);
        var squares = products.Times(2) * units.unsqueeze(1) * units.unsqueeze(2);
        var mixed = ((gr * gb.mT).sum(2) - (inverse * weighted.mT).sum(2)).Times(2) * units;
        var corner = (trace.Times(2) + (gr * gr.mT).sum([1, 2])).Plus(units.shape[1]).reshape(-1, 1, 1);
        var hessian = cat([cat([squares, mixed.unsqueeze(2)], 2), cat([mixed.unsqueeze(1), corner], 2)], 1);
        var (root, info) = linalg.cholesky_ex(hessian);
        var relative = -cholesky_solve(gradient.unsqueeze(2), root).squeeze(2);
        relative = relative.where(info.Is(0).unsqueeze(1), zeros_like(relative)); // Rounding has the last word.

        var decrement = -(gradient * relative).sum(1);
        return new(relative[.., ..^1] * units, relative[.., ^1] * at.Bound, decrement);
    }

    private (Multipliers Next, Tensor Factor) Search(
        Multipliers start, Tensor factor, Tensor fixedPart, Step step, Tensor t, Tensor length)
    {
        var before = LogDeterminant(start, factor);
        for (var halving = 0; ; halving++)
        {
            var next = start with
            {
                Units = start.Units + (length.unsqueeze(1) * step.Units),
                Bound = start.Bound + (length * step.Bound),
            };
            var (nextFactor, exists) = Factor(next, fixedPart);
            var change = (t * length * step.Bound) - (LogDeterminant(next, nextFactor) - before);
            var isDone = (exists & next.Bound.IsAbove(0) & change.le((length * step.Decrement).Times(-SufficientDecrease))) | length.Is(0);
            if (isDone.all().item<bool>())
            {
                return (next, nextFactor);
            }

            length = length.where(isDone, halving < MaxHalvings ? length.Times(0.5) : zeros_like(length));
        }
    }

    private static Tensor LogDeterminant(Multipliers at, Tensor factor) =>
        factor.diagonal(dim1: 1, dim2: 2).log().sum(1).Times(2) + at.Bound.log().Times(at.Units.shape[1]);

    private sealed record Step(Tensor Units, Tensor Bound, Tensor Decrement);
}
