using Google.Protobuf;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

/// <summary>Laws that each operation of a graph keeps.</summary>
public sealed class OperationTests
{
    public static TheoryData<string> Operations => [.. OperationCases.Names];

    [Theory]
    [MemberData(nameof(Operations))]
    public void An_operation_is_ONNX_Runtimes(string name)
    {
        var random = new Random(1);
        for (var trial = 0; trial < 200; trial++)
        {
            var it = OperationCases.Draw(name, random);
            var difference = it.Difference(random, OperationCases.Numbers(name));
            Assert.True(difference <= 1e-5, $"{difference} in trial {trial}: {it.ToModel()}");
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void The_gradient_of_an_operation_is_the_limit_of_differences(string name)
    {
        var random = new Random(2);
        for (var trial = 0; trial < 10; trial++)
        {
            using var scope = NewDisposeScope();
            var it = OperationCases.Draw(name, random);
            var graph = OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true);
            Tensor Draw(long[] shape, Func<Random, double> draw)
            {
                var count = shape.Aggregate(1L, (product, size) => product * size);
                return tensor([.. Enumerable.Range(0, (int)count).Select(_ => draw(random))], shape);
            }

            // The images and the parameters; numbers alone stay, for a logarithm of a negative base is no derivative by its exponent.
            Tensor[] inputs =
            [
                Draw(graph.Input.At(2), OperationCases.Numbers(name)),
                .. graph.Parameters.Select(parameter => parameter.Value)
                    .Select(value => value.is_floating_point() ? value.to(ScalarType.Float64, copy: true) : value),
            ];
            var weights = Draw(graph.Run(inputs[0], inputs[1..]).shape, OperatorCase.Normal);
            Tensor Loss(Tensor[] values) => (graph.Run(values[0], values[1..]) * weights).sum();
            bool IsVaried(int place) => inputs[place].is_floating_point() && inputs[place].dim() > 0;
            foreach (var place in Enumerable.Range(0, inputs.Length).Where(IsVaried))
            {
                var (direction, step) = (Draw(inputs[place].shape, OperatorCase.Normal), 1e-6);
                double At(double distance)
                {
                    using var none = no_grad();
                    Tensor[] moved = [.. inputs];
                    moved[place] = inputs[place] + (direction * distance);
                    return Loss(moved).item<double>();
                }

                Tensor[] leaves = [.. inputs];
                var leaf = leaves[place] = inputs[place].detach().clone().requires_grad_();
                Loss(leaves).backward();
                var slope = (At(step) - At(-step)) / (2 * step);
                var found = (leaf.grad! * direction).sum().item<double>();
                // A difference of two losses near L has an error near 1e-16 L / step.
                var error = Math.Abs(found - slope) / (1 + Math.Abs(slope) + Math.Abs(At(0)));
                Assert.True(error <= 1e-7, $"{found}, not {slope}: {it.ToModel()}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void An_operation_that_is_written_and_read_again_gives_the_same_scores(string name)
    {
        var random = new Random(3);
        for (var trial = 0; trial < 20; trial++)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            var it = OperationCases.Draw(name, random);
            var graph = OnnxReader.Read(it.ToModel(), it.Image, keepsSoftmax: true);
            var written = OnnxWriter.Write(graph, Values(graph), new Dictionary<string, string>());
            var draw = OperationCases.Numbers(name);
            var shape = graph.Input.At(2);
            float[] numbers = [.. Enumerable.Range(0, (int)graph.Input.Count.At(2)).Select(_ => (float)draw(random))];
            var images = tensor(numbers, shape);
            var expected = graph.Run(images, Values(graph));
            AssertClose(expected, OnnxRuntime(written, numbers, shape), written);

            var again = OnnxReader.Read(ModelProto.Parser.ParseFrom(written.ToByteArray()), it.Image, keepsSoftmax: true);
            AssertClose(expected, again.Run(images, Values(again)), written);
        }
    }

    private static Tensor[] Values(NetworkGraph graph) => [.. graph.Parameters.Select(parameter => parameter.Value)];

    private static Tensor OnnxRuntime(ModelProto model, float[] numbers, long[] shape)
    {
        using var session = OnnxSession.Open(model);
        using var value = OrtValue.CreateTensorValueFromMemory(numbers, shape);
        using var run = new RunOptions();
        using var results = session.Run(run, [NetworkGraph.Images], [value], session.OutputNames);
        return tensor(results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape);
    }

    private static void AssertClose(Tensor expected, Tensor found, ModelProto model)
    {
        Assert.Equal(expected.shape, found.shape);
        var difference = (expected - found).abs().max().item<float>();
        Assert.True(difference <= 1e-5 * Math.Max(1e-3, expected.abs().max().item<float>()), $"{difference}: {model}");
    }
}
