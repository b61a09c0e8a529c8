using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Bounds of the inputs of curves by slopes that were optimised for each of them, from the first step to the last; the slopes are kept, so
/// that the same bounds can be proven in other arithmetic by one pass.
/// </summary>
internal sealed class Refinement : IDisposable
{
    private readonly List<(int Value, Curve Curve, Tensor Places, Choices Choices)> _parts = [];

    /// <summary>Refines bounds.</summary>
    /// <param name="bounds">The bounds, of one set, which CROWN has refined before.</param>
    /// <param name="options">How slopes are optimised.</param>
    /// <param name="isOver">Whether to leave the rest as it is.</param>
    public static Refinement Run(BoundPropagation bounds, OptimizerOptions options, Func<bool> isOver)
    {
        var refinement = new Refinement();
        var isFirst = true;
        for (var i = 0; i < bounds.Graph.Steps.Length; i++)
        {
            if (bounds.Graph.Steps[i].Curve is { } curve)
            {
                using var scope = NewDisposeScope();
                var value = bounds.Graph.Steps[i].Data[0];
                var undecided = curve.IsUndecided(bounds[value]).flatten(1).any(0).nonzero().flatten();
                if (!isFirst && !isOver())
                {
                    foreach (var places in bounds.Parts(undecided))
                    {
                        var rows = bounds.Rows(value, places);
                        var start = ChoiceOptimizer.Start(bounds, value, rows.shape[0]);
                        var (lower, choices) = ChoiceOptimizer.Run(bounds, value, rows, start, options with { Enough = 0 }, null, isOver);
                        bounds.Tighten(value, places, lower.t());
                        refinement.Add(value, curve, places, choices);
                    }
                }

                isFirst = false; // Before whose input there is nothing to choose.
                bounds[value] = bounds[value].MoveToOuterDisposeScope();
            }

            bounds.Propagate(i);
        }

        return refinement;
    }

    /// <summary>Refines other bounds, of the same set or of parts of it, by the same slopes.</summary>
    /// <param name="bounds">The bounds.</param>
    /// <param name="after">The step from whose value on; those before are left as they are. Default all.</param>
    public void Apply(BoundPropagation bounds, int after = -1)
    {
        foreach (var (value, curve, places, choices) in _parts.Where(part => part.Value > after + 1))
        {
            using var scope = NewDisposeScope();
            var isOpen = curve.IsUndecided(bounds[value]).flatten(1).any(0);
            var kept = isOpen.index_select(0, places).nonzero().flatten();
            if (kept.shape[0] == 0)
            {
                continue;
            }

            var (some, both) = (places.index_select(0, kept), cat([kept, kept.Plus(places.shape[0])]).to(ScalarType.Int64));
            var own = new Choices
            {
                Shares = choices.Shares.ToDictionary(
                    entry => entry.Key, entry => entry.Value.index_select(0, both).to(bounds.Graph.Type)),
            };
            bounds.Tighten(value, some, bounds.Lower(value, bounds.Rows(value, some), own).t());
            bounds[value] = bounds[value].MoveToOuterDisposeScope();
        }
    }

    public void Dispose()
    {
        foreach (var (_, _, places, choices) in _parts)
        {
            places.Dispose();
            foreach (var share in choices.Shares.Values)
            {
                share.Dispose();
            }
        }
    }

    private void Add(int value, Curve curve, Tensor places, Choices choices)
    {
        foreach (var share in choices.Shares.Values)
        {
            share.DetachFromDisposeScope();
        }

        _parts.Add((value, curve, places.clone().DetachFromDisposeScope(), choices));
    }
}
