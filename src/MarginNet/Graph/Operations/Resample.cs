using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A linear map along one of the last two axes, as what changes the size of images by interpolation is.</summary>
/// <remarks>Inputs: x, and the matrix [size behind, size before].</remarks>
/// <param name="IsLast">Whether it goes along the last axis, else along the one before.</param>
internal sealed record Resample(bool IsLast) : Operation
{
    public override string Kind => "Resample";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    public override long Terms(LayerNode node) => node.Shapes[1].Sizes.Max(size => size.Count) + 1;

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: > 1 } x, { Rank: 2 } matrix] && x[IsLast ? -1 : -2] == matrix[1] && !x[IsLast ? -1 : -2].IsPerImage
            ? x.With(IsLast ? -1 : -2, matrix[0])
            : throw Misfit(inputs, "a value and a matrix [size behind, size before]");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, matrix) = (inputs[0].to(inputs[1].dtype), inputs[1]);
        return IsLast ? x.matmul(matrix.t()) : matrix.matmul(x);
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        if (IsLast)
        {
            writer.Node("Transpose", $"{name}/turned", [inputs[1]]);
        }

        writer.Node("MatMul", name, IsLast ? [inputs[0], $"{name}/turned"] : [inputs[1], inputs[0]]);
    }
}
