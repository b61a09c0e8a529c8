using MarginNet.Graph;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Backdoors;

/// <summary>A graph whose activations have an upper bound for each channel: min(a, b) for each activation a that has none of its own.
/// </summary>
internal static class ClampedGraph
{
    /// <summary>Adds the bounds.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="device">Where the bounds are to live.</param>
    /// <returns>The graph, and the places of the bounds among its parameters; they are +∞, shape [1, C, 1, …].
    /// Tensors made here belong to the dispose scope.</returns>
    /// <exception cref="NotSupportedException">It has no such activation.</exception>
    public static (NetworkGraph Graph, int[] Bounds) Of(NetworkGraph graph, Device device)
    {
        var builder = new GraphBuilder(graph.Input);
        var values = graph.Parameters.ToDictionary(
            parameter => parameter.Name, parameter => builder.Constant(parameter.Name, parameter.Value));
        values[NetworkGraph.Images] = builder.Input;
        var bounds = new HashSet<string>();
        foreach (var node in graph.Nodes)
        {
            var value = builder.Add(node.Name, node.Operation, [.. node.Inputs.Select(name => values[name])]);
            if (IsUnbounded(node.Operation) && node.Shape.Rank > 1 && node.Name != graph.Output)
            {
                var shape = node.Shape.Sizes.Select((size, axis) => axis == 1 ? size.Count : 1).ToArray();
                var bound = builder.Constant($"{node.Name}.bound", full(shape, float.PositiveInfinity, device: device));
                bounds.Add(bound.Name);
                value = builder.Add($"{node.Name}.clamp", new Min(), value, bound);
            }

            values[node.Name] = value;
        }

        var clamped = builder.ToGraph(values[graph.Output]);
        return bounds.Count > 0
            ? (clamped, [.. clamped.Parameters.Select((parameter, i) => (parameter.Name, i)).Where(own => bounds.Contains(own.Name))
                .Select(own => own.i)])
            : throw new NotSupportedException(
                "The network has no activation without an upper bound, such as ReLU: there is nothing to clamp.");
    }

    private static bool IsUnbounded(Operation operation) =>
        operation is Relu or LeakyRelu or PRelu or Elu or Celu or Selu or Gelu or Swish or HardSwish or Mish or Softplus or ThresholdedRelu;
}
