using MarginNet.Graph;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>The gates of a network side by side, as subproblems have them: bounds, signs and slopes of all in one tensor each.</summary>
internal sealed class GateBatch
{
    private readonly BoundPropagation _root;
    private readonly (int Step, int Value, int Start, int Count)[] _gates;

    public GateBatch(BoundPropagation root)
    {
        _root = root;
        var gates = new List<(int, int, int, int)>();
        foreach (var (step, i) in root.Graph.Steps.Select((step, i) => (step, i)).Where(pair => pair.step.Curve is not null))
        {
            var count = (int)root.Graph.ShapeOf(step.Data[0]).Count.Count;
            gates.Add((i, step.Data[0], Size, count));
            Size += count;
        }

        _gates = [.. gates];
    }

    /// <summary>The numbers that curves are applied to.</summary>
    public int Size { get; }

    /// <summary>The place of a neuron.</summary>
    public int Place(Split split) => Array.Find(_gates, gate => gate.Step == split.Step).Start + split.Neuron;

    /// <summary>The neuron at a place.</summary>
    public (int Step, int Neuron) At(int place)
    {
        var gate = Array.FindLast(_gates, gate => gate.Start <= place);
        return (gate.Step, place - gate.Start);
    }

    /// <summary>Both bounds of all inputs of gates at the root, shape [1, P].</summary>
    public Interval Bounds => Of(_root, 1);

    /// <summary>Whether what is at a place is a gate, which can be split at 0; shape [P].</summary>
    public Tensor CanSplit => cat([.. _gates.Select(gate =>
        _root.Graph.Steps[gate.Step].Curve is GateCurve ? ones(gate.Count) : zeros(gate.Count))]).to(ScalarType.Bool);

    /// <summary>The bounds of all values for subproblems, given those of the inputs of gates, shape [B, P].</summary>
    public BoundPropagation With(Interval bounds)
    {
        var known = new Dictionary<int, Interval>();
        foreach (var gate in _gates)
        {
            known[gate.Step] = new(Part(bounds.Lower, gate, 0), Part(bounds.Upper, gate, 0));
        }

        return _root.With(_root.Inputs, known);
    }

    /// <summary>The bounds of the inputs of gates of subproblems, shape [B, P].</summary>
    public Interval Of(BoundPropagation bounds, long count) => new(
        cat([.. _gates.Select(gate => bounds[gate.Value].Lower.flatten(1).expand(count, -1))], 1),
        cat([.. _gates.Select(gate => bounds[gate.Value].Upper.flatten(1).expand(count, -1))], 1));

    /// <summary>The choices of subproblems.</summary>
    public Choices Choices(SubproblemBatch batch)
    {
        var choices = new Choices();
        foreach (var gate in _gates)
        {
            choices.Shares[gate.Step] = Part(batch.Shares, gate, 1).contiguous();
            var sign = Part(batch.Signs, gate, 0);
            if (sign.any().item<bool>())
            {
                choices.Signs[gate.Step] = sign;
                choices.Prices[gate.Step] = Part(batch.Prices, gate, 1).contiguous();
            }
        }

        return choices;
    }

    /// <summary>Slopes and prices of choices, each [B, P].</summary>
    public (Tensor Shares, Tensor Prices) Join(Choices choices, long count)
    {
        Tensor Of(Dictionary<int, Tensor> parts, (int Step, int Value, int Start, int Count) gate) =>
            parts.TryGetValue(gate.Step, out var part) ? part.reshape(count, -1) : zeros(count, gate.Count, dtype: _root.Graph.Type);
        return (cat([.. _gates.Select(gate => Of(choices.Shares, gate))], 1), cat([.. _gates.Select(gate => Of(choices.Prices, gate))], 1));
    }

    /// <summary>What a visit of a backward pass told of each gate, side by side, shape [B, P].</summary>
    public Tensor Join(IReadOnlyDictionary<int, Tensor> visited, long count) => cat(
        [.. _gates.Select(gate => visited.TryGetValue(gate.Step, out var part) ? part.reshape(count, -1)
            : zeros(count, gate.Count, dtype: _root.Graph.Type))], 1);

    private Tensor Part(Tensor all, (int Step, int Value, int Start, int Count) gate, int axes) => all.narrow(1, gate.Start, gate.Count)
        .reshape([.. Enumerable.Repeat(1L, axes), all.shape[0], .. _root[gate.Value].Lower.shape.AsSpan()[1..]]);
}
