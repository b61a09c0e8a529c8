using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>
/// Folds what multiplies and shifts each channel by a constant into the convolution or linear layer right before it, for scoring: of
/// s(Wx + b) + t it makes (sW)x + (sb + t). A batch-norm in evaluation mode is such a step, and takes a pass over memory of its own.
/// </summary>
internal static class AffineFolding
{
    /// <summary>Computes the folded graph; differentiable in the parameters.</summary>
    /// <param name="graph">The graph, to be run in evaluation mode.</param>
    /// <param name="parameters">The tensors of its parameters.</param>
    /// <returns>The graph and the tensors of its parameters;
    /// those that are none of <paramref name="parameters"/> are the caller's.</returns>
    public static (NetworkGraph Graph, Tensor[] Parameters) Fold(NetworkGraph graph, IReadOnlyList<Tensor> parameters)
    {
        using var scope = NewDisposeScope();
        var values = graph.Parameters.Zip(parameters).ToDictionary(entry => entry.First.Name, entry => entry.Second.alias());
        var uses = graph.Nodes.SelectMany(node => node.Inputs).Append(graph.Output).CountBy(name => name).ToDictionary();
        var nodes = new List<Node>();
        var places = new Dictionary<string, int>(); // Of the nodes by name.
        foreach (var node in graph.Nodes)
        {
            if (places.TryGetValue(node.Inputs.FirstOrDefault(input => !values.ContainsKey(input)) ?? "", out var place)
                && uses[nodes[place].Name] == 1
                && Step(node, nodes[place].Shape, values) is var (scale, shift)
                && Into(nodes[place], node, scale, shift, values) is { } folded)
            {
                nodes[place] = folded;
                places[folded.Name] = place;
                continue;
            }

            places[node.Name] = nodes.Count;
            nodes.Add(node);
        }

        var needed = nodes.SelectMany(node => node.Inputs).ToHashSet();
        var own = graph.Parameters.Zip(parameters).ToDictionary(entry => entry.First.Name, entry => entry.Second);
        string[] names = [.. values.Keys.Where(needed.Contains)];
        Tensor[] tensors = [.. names.Select(name => own.TryGetValue(name, out var same) ? same : values[name].MoveToOuterDisposeScope())];
        return (new(
            graph.Input, [.. names.Zip(tensors, (name, value) => new GraphParameter(name, value, ParameterRole.Constant))], [.. nodes],
            graph.Output), tensors);
    }

    /// <summary>What a node multiplies each channel of a value by and then adds, each [C] or a scalar;
    /// null where it does anything else.</summary>
    private static (Tensor Scale, Tensor Shift)? Step(Node node, ValueShape shape, Dictionary<string, Tensor> values)
    {
        Tensor? Channels(int input) => values.GetValueOrDefault(node.Inputs[input]) is { } constant
            && constant.dim() <= shape.Rank && constant.is_floating_point() && shape.Rank >= 2
            && constant.shape.Select((size, axis) => size == 1 || axis == constant.dim() - shape.Rank + 1).All(fits => fits)
                ? constant.to(ScalarType.Float64).reshape(-1) : null;

        using var none = NewDisposeScope();
        (Tensor, Tensor)? step = node.Operation switch
        {
            BatchNormalization normalization when node.Inputs.Skip(1).All(values.ContainsKey) =>
                Normalization(normalization, [.. node.Inputs.Skip(1).Select(name => values[name].to(ScalarType.Float64))]),
            Add when (Channels(0) ?? Channels(1)) is { } shift => (ones_like(shift), shift),
            Sub when Channels(1) is { } shift => (ones_like(shift), -shift),
            Sub when Channels(0) is { } minuend => (-ones_like(minuend), minuend),
            Mul when (Channels(0) ?? Channels(1)) is { } factor => (factor, zeros_like(factor)),
            Div when Channels(1) is { } divisor => (1 / divisor, zeros_like(divisor)),
            _ => null,
        };
        return step is var (scale, offset) ? (scale.MoveToOuterDisposeScope(), offset.MoveToOuterDisposeScope()) : null;
    }

    private static (Tensor Scale, Tensor Shift) Normalization(BatchNormalization normalization, Tensor[] inputs)
    {
        var scale = inputs[0] / (inputs[3] + normalization.Epsilon).sqrt();
        return (scale, inputs[1] - (inputs[2] * scale));
    }

    /// <summary>The linear node with a step folded in, by the name of the step; null where it cannot be.</summary>
    private static Node? Into(Node linear, Node step, Tensor scale, Tensor shift, Dictionary<string, Tensor> values)
    {
        if (linear.Shape != step.Shape || OutputAxis(linear.Operation) is not { } axis || values.ContainsKey(linear.Inputs[0])
            || !linear.Inputs.Skip(1).All(values.ContainsKey))
        {
            return null;
        }

        var weight = values[linear.Inputs[1]];
        long[] along = [.. Enumerable.Range(0, (int)weight.dim()).Select(i => i == axis ? -1L : 1)];
        var bias = linear.Inputs.Length > 2
            ? values[linear.Inputs[2]].to(ScalarType.Float64) * scale + shift : shift;
        string[] names = [Unique($"{step.Name}/weight", values), Unique($"{step.Name}/bias", values)];
        values[names[0]] = (weight.to(ScalarType.Float64) * scale.reshape(along)).to(weight.dtype);
        values[names[1]] = bias.expand(weight.shape[axis]).to(weight.dtype).contiguous();
        return linear with { Name = step.Name, Inputs = [linear.Inputs[0], .. names] };
    }

    /// <summary>The axis of a linear operation's weight that has its outputs; null of another operation.</summary>
    private static int? OutputAxis(Operation operation) => operation switch
    {
        Convolution => 0,
        ConvTranspose { Groups: 1 } => 1,
        Gemm { Alpha: 1, Beta: 1, TransposesA: false, TransposesB: var isTransposed } => isTransposed ? 0 : 1,
        _ => null,
    };

    private static string Unique(string name, Dictionary<string, Tensor> values) =>
        values.ContainsKey(name) ? Unique(name + "_", values) : name;
}
