using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>
/// Proves that linear functions of the scores are positive on a set by splitting neurons: bounds of all values at the root, with optimised
/// slopes as far as time allows; search in float32, proof in double precision.
/// </summary>
/// <param name="fast">The network in float32.</param>
/// <param name="precise">The same in double precision.</param>
/// <param name="rounding">What a proof covers.</param>
internal sealed class NeuronProof(RelaxedGraph fast, RelaxedGraph precise, RoundingModel rounding)
{
    private const double RefinedShare = 0.2; // Of the time.
    private const long LargestRefined = 1024; // Numbers in a value, and
    private const long MostRefined = 2048; // gates: bounding all values again in each part is worth its time up to these.

    private static readonly OptimizerOptions Options = new(Iterations: 10);

    /// <summary>Whether inputs of gates are enclosed in balls too, where sets are balls in ℓ2. Default false.</summary>
    public bool UsesBalls { get; init; }

    /// <summary>How all that was asked for so far was proven.</summary>
    public VerificationProof Parameters { get; private set; } = new(IsByInputs: false, 0, 0, 0, double.PositiveInfinity);

    /// <summary>Tries to prove functions positive.</summary>
    /// <param name="set">The inputs, one set of them.</param>
    /// <param name="functions">Which functions, given bounds at the root: weights, shape [K, C], and values at 0, shape [K], in double
    /// precision.</param>
    /// <param name="isOver">Whether a share of the time, from 0 to 1, is over.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Whether all were proven.</returns>
    public bool Prove(
        InputSet set, Func<BoundPropagation, (Tensor Rows, Tensor Offsets)> functions, Func<double, bool> isOver,
        CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var search = new BoundPropagation(fast, set.To(ScalarType.Float32), RoundingModel.None, cancellation)
        {
            UsesBalls = UsesBalls,
        };
        search.Refine(new());
        using var refinement = Refinement.Run(search, Options, () => isOver(RefinedShare));
        var (rows, offsets) = functions(search);
        BoundPropagation? proof = null;
        var splitting = new NeuronSplitting(
            search, Proof, rows, offsets, Options, () => cancellation.IsCancellationRequested || isOver(1))
        {
            Refinement = IsSmall(fast) ? refinement : null,
        };
        try
        {
            var isProven = splitting.Prove();
            cancellation.ThrowIfCancellationRequested();
            return isProven;
        }
        finally
        {
            Parameters = Parameters.And(splitting);
            proof?.Dispose();
        }

        BoundPropagation Proof()
        {
            using var own = NewDisposeScope();
            proof = new(precise, set, rounding, cancellation) { UsesBalls = UsesBalls };
            proof.Refine(new());
            refinement.Apply(proof);
            return proof.DetachFromDisposeScope();
        }
    }

    private static bool IsSmall(RelaxedGraph graph) => graph.LargestValue <= LargestRefined && graph.Steps
        .Where(step => step.Curve is not null).Sum(step => step.Shape.Count.Count) is <= MostRefined and > 0;
}
