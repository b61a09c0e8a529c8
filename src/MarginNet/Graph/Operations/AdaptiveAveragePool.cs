using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>The means of so many windows along each axis, as PyTorch lays them, which ONNX has no operator for.</summary>
/// <param name="Inputs">Height and width before,</param>
/// <param name="Outputs">and behind it.</param>
internal sealed record AdaptiveAveragePool(ImmutableArray<long> Inputs, ImmutableArray<long> Outputs) : Operation
{
    public override string Kind => nameof(AdaptiveAveragePool);

    public override bool IsAffine(LayerNode node) => true;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("outputs", (long[])[.. Outputs])];

    /// <summary>The operation for values of a shape.</summary>
    /// <exception cref="InvalidDataException">They are no images.</exception>
    public static AdaptiveAveragePool Of(ValueShape x, params ImmutableArray<long> outputs) =>
        x.Rank == 4 && x.Sizes.Skip(2).All(size => !size.IsPerImage)
            ? new([.. x.Sizes.Skip(2).Select(size => size.Count)], outputs)
            : throw Misfit([x], "[N, C, H, W]");

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 4 } x] && x[2] == Inputs[0] && x[3] == Inputs[1] && Outputs.All(size => size is > 0 and < int.MaxValue)
            ? new(x[0], x[1], Outputs[0], Outputs[1]) : throw Misfit(inputs, $"[N, C, {Inputs[0]}, {Inputs[1]}]");

    public override Tensor Run(Tensor[] inputs, bool isTraining) => F.adaptive_avg_pool2d(inputs[0], [Outputs[0], Outputs[1]]);

    public override long Terms(LayerNode node) => node.Shapes[0].Count.Count;

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        [new AveragePoolLayer(node.Name, PoolAxis.Adaptive((int)Outputs[0]), PoolAxis.Adaptive((int)Outputs[1]))];

    /// <summary>A product with a matrix for each axis.</summary>
    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        Tensor Means(int axis) => F.adaptive_avg_pool1d(eye(Inputs[axis]).unsqueeze(0), Outputs[axis])[0]; // [inputs, outputs]
        writer.Node("MatMul", $"{name}/rows", [writer.Constant($"{name}.rows", Means(0).t()), .. inputs]);
        writer.Node("MatMul", name, [$"{name}/rows", writer.Constant($"{name}.columns", Means(1))]);
    }
}
