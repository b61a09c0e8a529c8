using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using MarginNet.Relaxations;
using MarginNet.Tests.Graph;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Laws of affine operations.</summary>
public sealed class AffineStepTests
{
    public static TheoryData<string> Networks => [.. RelaxedCases.Names];

    public static TheoryData<string> Operations => [.. OperationCases.Names];

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_transposed_map_of_a_layer_is_its_adjoint_and_the_absolute_one_is_above_it(string name)
    {
        using var scope = NewDisposeScope();
        Assert.True(Check(RelaxedCases.Create(name, new Random(5))) > 0);
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void The_transposed_map_of_an_operation_is_its_adjoint_and_the_absolute_one_is_above_it(string name)
    {
        var random = new Random(6);
        for (var trial = 0; trial < 6; trial++)
        {
            using var scope = NewDisposeScope();
            var it = OperationCases.Draw(name, random);
            try
            {
                Check(RelaxedCases.Precise(OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true)));
            }
            catch (NotSupportedException e)
            {
                Assert.Contains("no certificate can be had of this network", e.Message, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Checks all affine steps and returns how many there are.</summary>
    private static int Check(NetworkGraph graph)
    {
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        RelaxedStep[] steps = [.. relaxed.Steps.Where(step => step.Curve is null && !step.IsProduct)];
        foreach (var step in steps)
        {
            var operation = step.Layer.Operation;
            Tensor[] data = [.. step.Data.Select(place => randn(relaxed.ShapeOf(place).At(3), ScalarType.Float64))];
            Tensor[] zero = Array.ConvertAll(data, each => zeros_like(each));
            var value = step.Run(data);
            var y = randn(value.shape, ScalarType.Float64);
            var forward = ((value - step.Run(zero)) * y).sum().item<double>();
            var back = data.Select((x, k) => (x * operation.Transposed(step.Layer, k, y)).sum().item<double>()).Sum();
            var absolute = operation.Absolute(step.Layer, Array.ConvertAll(data, each => each.abs()));
            var size = (absolute.abs() * y.abs()).sum().item<double>();
            Assert.True(Math.Abs(forward - back) <= 1e-11 * (1 + size), $"{operation.Kind}: {forward} and {back}");
            Assert.True(absolute.abs().ge(value.abs() * (1 - 1e-12)).all().item<bool>(), operation.Kind);
            // Its linear part is |W|x: for x ≥ 0 it is at least what any signs of x make of W.
            var spread = absolute - operation.Absolute(step.Layer, zero);
            Assert.True(spread.ge((value - step.Run(zero)).abs() - (absolute.abs() * 1e-12)).all().item<bool>(), operation.Kind);
        }

        return steps.Length;
    }
}
