using MarginNet.Graph.Onnx;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>
/// Rectifies, and adds to, what a convolution, a matrix product or such a step has just made and nothing else reads, where it lies: for
/// scoring, a third of the passes over memory of a residual network.
/// </summary>
internal static class InPlaceSteps
{
    /// <summary>The same graph, to be run without gradients.</summary>
    public static NetworkGraph Of(NetworkGraph graph)
    {
        var uses = graph.Nodes.SelectMany(node => node.Inputs).Append(graph.Output).CountBy(name => name).ToDictionary();
        var fresh = new Dictionary<string, ValueShape>(); // Values in memory of their own, read once.
        var nodes = new List<Node>();
        foreach (var node in graph.Nodes)
        {
            var own = node.Inputs.IndexOf(
                node.Inputs.FirstOrDefault(input => fresh.TryGetValue(input, out var shape) && shape == node.Shape) ?? "");
            var step = own < 0 ? node : node.Operation switch
            {
                Relu => node with { Operation = new OwnRelu() },
                Add => node with { Operation = new OwnAdd(own) },
                _ => node,
            };
            nodes.Add(step);
            if (step != node || node.Operation is Convolution or ConvTranspose or Gemm or BatchNormalization or Add or Relu)
            {
                if (uses[node.Name] == 1)
                {
                    fresh[node.Name] = node.Shape;
                }
            }
        }

        return new(graph.Input, graph.Parameters, [.. nodes], graph.Output);
    }

    private abstract record Step : Operation
    {
        public sealed override string Kind => GetType().Name;

        public sealed override ValueShape Shape(ValueShape[] inputs) => inputs[0];

        public sealed override void Write(OnnxWriter writer, string name, string[] inputs) => throw new NotSupportedException(Kind);
    }

    private sealed record OwnRelu : Step
    {
        public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[0].relu_();
    }

    private sealed record OwnAdd(int Own) : Step
    {
        public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[Own].add_(inputs[1 - Own]);
    }
}
