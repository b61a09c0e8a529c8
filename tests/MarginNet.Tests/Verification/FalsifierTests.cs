using System.Collections.Immutable;
using MarginNet.Foreign;
using MarginNet.Verification;

namespace MarginNet.Tests.Verification;

/// <summary>What the attack finds holds, and what is there it finds.</summary>
public sealed class FalsifierTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(100)]
    public void What_is_nearly_the_least_of_a_corner_is_found_and_holds_in_its_box_on_ONNX_Runtime(int inputs)
    {
        var random = new Random(inputs);
        for (var round = 0; round < 5; round++)
        {
            File.WriteAllBytes(_folder["n.onnx"], TinyNetwork.Random(random, inputs, hidden: 20, outputs: 3));
            using var network = VerificationNetwork.Load(_folder["n.onnx"]);
            var lowest = Enumerable.Range(0, 200).Min(_ => network.Run(Point(random, inputs))[0]);
            var property = Below(inputs, lowest, outputs: 3);
            var verdict = network.Verify(property, new() { TimeLimit = TimeSpan.FromSeconds(60) });
            Assert.Equal(Answer.Sat, verdict.Answer);
            float[] input = [.. verdict.Input!.Value.Select(number => (float)number)];
            Assert.Equal(verdict.Input.Value, input.Select(number => (double)number));
            Assert.Equal(verdict.Output!.Value, network.Run(input).Select(number => (double)number));
            Assert.True(property.IsViolatedBy(verdict.Input.Value.AsSpan(), verdict.Output.Value.AsSpan()));
        }
    }

    [Fact]
    public void Where_nothing_is_unsafe_nothing_is_found()
    {
        File.WriteAllBytes(_folder["n.onnx"], TinyNetwork.AbsoluteValue());
        using var network = VerificationNetwork.Load(_folder["n.onnx"]);
        var verdict = network.Verify(Below(2, -0.51), new() { TimeLimit = TimeSpan.FromSeconds(1) });
        Assert.NotEqual(Answer.Sat, verdict.Answer);
        Assert.Null(verdict.Input);
    }

    [Fact]
    public void Without_time_no_point_is_looked_at()
    {
        File.WriteAllBytes(_folder["n.onnx"], TinyNetwork.AbsoluteValue());
        using var network = VerificationNetwork.Load(_folder["n.onnx"]);
        Assert.Equal(Answer.Timeout, network.Verify(Below(2, 100), new() { TimeLimit = TimeSpan.Zero }).Answer);
        Assert.Throws<OperationCanceledException>(() => network.Verify(Below(2, 100), new(), new(canceled: true)));
    }

    /// <summary>0.1 is no float32 number, so that a network of float32 never sees it.</summary>
    [Fact]
    public void A_box_without_a_float32_number_has_no_counterexample()
    {
        File.WriteAllBytes(_folder["n.onnx"], TinyNetwork.AbsoluteValue());
        using var network = VerificationNetwork.Load(_folder["n.onnx"]);
        var query = Below(2, 100).Queries[0];
        var property = new Property([query with { Lower = [0.1, 0], Upper = [0.1, 0] }]);
        Assert.NotEqual(Answer.Sat, network.Verify(property, new()).Answer);
        Assert.Equal(Answer.Sat, network.Verify(new([query with { Lower = [0.125, 0], Upper = [0.125, 0] }]), new()).Answer);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(-0.1)]
    [InlineData(0.5)]
    [InlineData(1e-50)]
    [InlineData(-1e-50)]
    [InlineData(0.0)]
    public void The_float32_numbers_next_to_a_double_are_on_their_side_of_it(double value)
    {
        var (above, below) = (FloatBox.AtLeast(value), FloatBox.AtMost(value));
        Assert.True(below <= value && value <= above);
        Assert.True(above == below ? above == value : MathF.BitIncrement(below) == above);
    }

    /// <summary>The unsafe outputs: those whose first is at most a number.</summary>
    private static Property Below(int inputs, double limit, int outputs = 2)
    {
        ImmutableArray<double> Filled(double value) => [.. Enumerable.Repeat(value, inputs)];
        ImmutableArray<double> weights = [1, .. new double[outputs - 1]];
        return new([new(Filled(-1), Filled(1), [new([weights], [limit])])]);
    }

    private static float[] Point(Random random, int inputs) => [.. Enumerable.Range(0, inputs).Select(_ => random.Next(2) == 0 ? -1f : 1f)];
}
