using System.Diagnostics;
using MarginNet.Graph;
using MarginNet.Graph.Operations;
using MarginNet.Relaxations;
using MarginNet.Tests.Graph;
using MarginNet.Verification;
using static TorchSharp.torch;

namespace MarginNet.Tests.Verification;

/// <summary>The verifier of networks of few inputs answers as their linear pieces do.</summary>
public sealed class InputSplittingTests
{
    /// <summary>Limits are set so that the answer hangs by a given margin, on either side.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(1)]
    public void Answers_are_those_of_the_linear_pieces_of_networks_of_two_inputs(double closed)
    {
        var random = new Random(7);
        for (var trial = 0; trial < 100; trial++)
        {
            using var scope = NewDisposeScope();
            var network = SmallNetwork.Random(random, 2, closed);
            var query = SmallQueries.Random(random, 2, network.Outputs, fixes: trial % 4 == 0);
            var margin = random.Pick(0.3, 1e-2, 1e-4, 1e-6) * random.Pick(-1, 1);
            query = query.Raised(network.LeastExcess(query) + margin);
            var result = Decide(network, query, threads: 1 + (trial % 2));
            Assert.Equal((trial, margin > 0 ? Answer.Sat : Answer.Unsat), (trial, result.Answer));
            Assert.Equal(margin > 0, result.Input is { } input && query.IsViolatedBy(input, network.Run(input)));
        }
    }

    [Fact]
    public void Networks_with_a_sampled_counterexample_are_not_safe_and_two_threads_answer_as_one()
    {
        var random = new Random(8);
        for (var trial = 0; trial < 60; trial++)
        {
            using var scope = NewDisposeScope();
            var network = SmallNetwork.Random(random, random.Next(1, 5), random.Pick(0, 0.01), mostHidden: 3, mostNeurons: 10);
            var query = SmallQueries.Random(random, network.Inputs, network.Outputs, fixes: trial % 4 == 0);
            var least = Enumerable.Range(0, 300).Min(_ => query.Excess(network.Run(query.Point(random))));
            query = query.Raised(least + random.Pick(-0.2, -0.05, -0.01, 1e-4));
            var isSampled = Enumerable.Range(0, 300).Append(0).Any(_ => query.Excess(network.Run(query.Point(random))) < 0);
            var (one, two) = (Decide(network, query, threads: 1), Decide(network, query, threads: 2));
            Assert.Equal(one.Answer, two.Answer);
            Assert.True(one.Answer == Answer.Sat || (one.Answer == Answer.Unsat && !isSampled), $"{trial}: {one}");
            Assert.All([one, two], result => Assert.Equal(
                result.Answer == Answer.Sat, result.Input is { } input && query.IsViolatedBy(input, network.Run(input))));
        }
    }

    [Theory]
    [InlineData(1e30, 1e-30)]
    [InlineData(1e-30, 1e30)]
    [InlineData(1e35, 1e35)]
    [InlineData(1e-30, 1)]
    public void Huge_and_tiny_weights_change_no_answer(double first, double second)
    {
        var random = new Random(9);
        for (var trial = 0; trial < 20; trial++)
        {
            using var scope = NewDisposeScope();
            var network = SmallNetwork.Random(random, 2, 0, mostHidden: 1);
            network = network with { Biases = [network.Biases[0], new double[network.Outputs]] };
            var query = SmallQueries.Random(random, 2, network.Outputs);
            var margin = random.Pick(-0.1, 0.1);
            query = query.Raised(network.LeastExcess(query) + margin).Scaled(first * second);
            Assert.Equal((trial, margin > 0 ? Answer.Sat : Answer.Unsat), (trial, Decide(network.Scaled(first, second), query).Answer));
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_that_are_none_prove_nothing(double number)
    {
        var random = new Random(10);
        for (var trial = 0; trial < 30; trial++)
        {
            using var scope = NewDisposeScope();
            var network = SmallNetwork.Random(random, 3, 0);
            var l = random.Next(network.Weights.Length);
            if (trial % 2 == 0)
            {
                // Of a neuron that is not dead.
                network.Weights[l][0][0] = number;
                network.Biases[l][0] = 100;
            }
            else
            {
                network.Biases[l][0] = number;
            }

            var query = SmallQueries.Random(random, 3, network.Outputs);
            query = query with { Lower = [-1, -1, -1], Upper = [1, 1, 1] };
            var result = Decide(network, query.Raised(-10));
            if (double.IsNaN(number))
            {
                Assert.Equal(Answer.Unknown, result.Answer);
            }
            else
            {
                var isSampled = Enumerable.Range(0, 200).Any(_ => query.Raised(-10).Excess(network.Run(query.Point(random))) <= 0);
                Assert.False(result.Answer == Answer.Unsat && isSampled);
            }
        }
    }

    /// <summary>|x| ≤ b over [−1, 1]² reaches its limit at one point, or nearly.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1e-15, false)]
    [InlineData(-1e-3, true)]
    public void A_limit_that_is_just_reached_is_not_safe(double limit, bool isSafe)
    {
        using var scope = NewDisposeScope();
        var network = new SmallNetwork([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]], [[0, 0, 0, 0], [0]], 0);
        var result = Decide(network, new([-1, -1], [0.7, 1], [new([[1]], [limit])]));
        Assert.Equal(isSafe, result.Answer == Answer.Unsat);
        Assert.NotEqual(Answer.Timeout, result.Answer);
    }

    /// <summary>In a single linear piece whose least value is the limit, up to rounding, splitting would never end.</summary>
    [Fact]
    public void A_linear_network_at_its_limit_is_not_split_forever()
    {
        using var scope = NewDisposeScope();
        var network = new SmallNetwork([[[1f / 3, 1f / 7, 0.1f]]], [[0]], 0);
        var least = (1.0f / 3 * 0.1) + (1.0f / 7 * 0.1) + (0.1f * 0.1);
        foreach (var limit in (double[])[least, Math.BitDecrement(least), Math.BitIncrement(least)])
        {
            var result = Decide(network, new([0.1, 0.1, 0.1], [1, 1, 1], [new([[1]], [limit])]));
            Assert.True(result.Cells < 1000 && result.Answer is Answer.Sat or Answer.Unknown, $"{result}");
        }
    }

    [Fact]
    public void Counterexamples_that_are_not_confirmed_do_not_count()
    {
        using var scope = NewDisposeScope();
        var network = SmallNetwork.Random(new(11), 2, 0);
        var query = SmallQueries.Random(new(12), 2, network.Outputs);
        using var splitting = InputSplitting.Of(network.Graph(), RoundingModel.Exact)!;
        var result = splitting.Decide(query.Raised(network.LeastExcess(query) + 0.5), 1, _ => false, () => false);
        Assert.Equal((Answer.Unknown, true), (result.Answer, result.Refuted > 0));
        Assert.Null(result.Input);
    }

    [Fact]
    public void No_conjunctions_are_safe_and_one_of_no_rows_is_not()
    {
        using var scope = NewDisposeScope();
        var network = SmallNetwork.Random(new(11), 2, 0);
        Assert.Equal(Answer.Unsat, Decide(network, new([0, 0], [1, 1], [])).Answer);
        Assert.NotEqual(Answer.Unsat, Decide(network, new([0, 0], [1, 1], [new([], [])])).Answer);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_time_limit_is_kept(int threads)
    {
        using var scope = NewDisposeScope();
        // Its bounds are far from its values: it does not come to an end.
        var random = new Random(13);
        var network = SmallNetwork.Random(random, 12, 0, mostHidden: 1, mostNeurons: 60);
        var query = SmallQueries.Random(random, 12, network.Outputs);
        query = query.Raised(Enumerable.Range(0, 2000).Min(_ => query.Excess(network.Run(query.Point(random)))) - 0.5);
        using var splitting = InputSplitting.Of(network.Graph(), RoundingModel.Exact)!;
        var asked = 0;
        var result = splitting.Decide(query, threads, _ => false, () => Interlocked.Increment(ref asked) > 5);
        Assert.Equal((Answer.Timeout, true), (result.Answer, result.Cells <= 5));
        var clock = Stopwatch.StartNew();
        var timed = splitting.Decide(query, threads, _ => false, () => clock.Elapsed > TimeSpan.FromSeconds(0.3));
        Assert.True(timed.Answer != Answer.Timeout || clock.Elapsed < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Networks_of_another_kind_are_not_suited()
    {
        using var scope = NewDisposeScope();
        var many = new GraphBuilder(new(Dimension.Batch, DenseChain.MostInputs + 1));
        Assert.Null(InputSplitting.Of(many.ToGraph(many.Add("relu", new Relu(), many.Input)), RoundingModel.Exact));
        var curved = new GraphBuilder(new(Dimension.Batch, 2));
        Assert.Null(InputSplitting.Of(curved.ToGraph(curved.Add("tanh", new Tanh(), curved.Input)), RoundingModel.Exact));
        var branching = new GraphBuilder(new(Dimension.Batch, 2));
        var sum = branching.Add("sum", new Add(), branching.Input, branching.Add("relu", new Relu(), branching.Input));
        Assert.Null(InputSplitting.Of(branching.ToGraph(sum), RoundingModel.Exact));
    }

    private static SplittingResult Decide(SmallNetwork network, Query query, int threads = 1)
    {
        using var splitting = InputSplitting.Of(network.Graph(), RoundingModel.Exact)!;
        var clock = Stopwatch.StartNew();
        return splitting.Decide(
            query, threads, input => query.IsViolatedBy(input, network.Run(input)), () => clock.Elapsed > TimeSpan.FromMinutes(1));
    }
}
