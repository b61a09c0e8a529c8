using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class LipschitzControlTests
{
    private static readonly TrainingOptions Plain = new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        Epochs = 30,
        BatchSize = 16,
        LearningRate = 1e-2,
        TargetMargin = 1,
    };

    [Fact]
    public void After_each_step_no_layer_has_a_norm_above_K()
    {
        const double K = 0.7;
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var network = new ResNet18(new() { Width = 4 });
        MarginTrainer.Train(
            network, SyntheticShapes.Create(60, 1).Train, Plain with { Epochs = 10, LearningRate = 1e-3, LipschitzProjection = K });
        var size = new Dictionary<int, int> { [4] = 32, [8] = 16, [16] = 8, [32] = 4 };
        foreach (var convolution in network.modules().OfType<Conv2d>())
        {
            var (input, stride) = ((int)convolution.weight!.shape[1], (int)convolution.stride![0]);
            var side = input == 3 ? 32 : size[input];
            var padding = (int)convolution.weight!.shape[2] / 2;
            var geometry = new ConvolutionGeometry(side, side) { Stride = (stride, stride), Padding = (padding, padding) };
            Assert.InRange(OperatorNorm.Convolution(convolution.weight!, geometry).Value, 0, K * 1.1); // Power iteration comes from below.
        }

        foreach (var normalization in network.modules().OfType<BatchNorm2d>())
        {
            using var factors = normalization.weight! * (normalization.running_var! + normalization.eps).rsqrt();
            Assert.True(factors.abs().max().item<float>() <= K * 1.0001f);
        }

        Assert.True(OperatorNorm.Dense(network.modules().OfType<Linear>().Single().weight!).Value <= K * 1.1);
    }

    [Fact]
    public void Emma_raises_rivals_by_as_much_of_the_radius_as_there_is()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new[,] { { 3f, 1f, 2.9f, 5f } }).requires_grad_();
        var constants = tensor(new[,] { { 0f, 1.5f, 1f, 2f } }).requires_grad_();
        var seen = EmmaLoss.Approach(logits, logits + constants, tensor(new long[] { 0 }));

        // Leads of 2, 0.1 and −2 under shifts of 1.5, 1 and 2: all of it, a tenth, and nothing.
        Assert.Equal([3f, 2.5f, 3f, 5f], seen.detach().data<float>().ToArray().Select(score => MathF.Round(score, 5)));
        seen.sum().backward();
        Assert.Equal([1f, 1f, 1f, 1f], logits.grad!.data<float>().ToArray());
        Assert.Equal([0f, 1f, 0.1f, 0f], constants.grad!.data<float>().ToArray().Select(share => MathF.Round(share, 5)));
    }

    [Fact]
    public void A_projection_that_nothing_exceeds_changes_no_byte()
    {
        using var free = TinyProblem.Network();
        using var projected = TinyProblem.Network();
        MarginTrainer.Train(free, TinyProblem.Images(60), Plain);
        MarginTrainer.Train(projected, TinyProblem.Images(60), Plain with { LipschitzProjection = 1e6 });
        Assert.Equal(TinyProblem.Weights(free), TinyProblem.Weights(projected));
    }

    [Fact]
    public void Parseval_steps_leave_layers_of_orthonormal_rows_or_columns()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var network = nn.Sequential(
            ("conv", nn.Conv2d(1, 3, 2)), ("relu", nn.ReLU()), ("flat", nn.Flatten()), ("wide", nn.Linear(3, 7)), ("last", nn.Linear(7, 3)));
        MarginTrainer.Train(network, TinyProblem.Images(60), Plain with { Epochs = 60, LearningRate = 1e-3, Parseval = 0.5 });
        foreach (var (name, weight) in network.named_parameters().Where(parameter => parameter.parameter.dim() > 1))
        {
            var matrix = weight.flatten(1) * Math.Sqrt(weight.dim() > 2 ? 4 : 1);
            var gram = matrix.shape[0] <= matrix.shape[1] ? matrix.mm(matrix.t()) : matrix.t().mm(matrix);
            Assert.True((gram - eye(gram.shape[0])).abs().max().item<float>() < 0.02, name);
        }

        Assert.InRange(LipschitzBounds.Compute(network, new(1, 2, 2)).Euclidean.Value, 0, 1.1);
    }

    [Fact]
    public void A_parseval_step_is_the_formula()
    {
        const double Share = 0.1;
        using var scope = NewDisposeScope();
        using var free = TinyProblem.Network();
        using var retracted = TinyProblem.Network();
        var one = Plain with { Epochs = 1, BatchSize = 60, Augment = false };
        MarginTrainer.Train(free, TinyProblem.Images(60), one);
        MarginTrainer.Train(retracted, TinyProblem.Images(60), one with { Parseval = Share });
        foreach (var ((name, before), (_, after)) in free.named_parameters().Zip(retracted.named_parameters()))
        {
            using var w = before.to(ScalarType.Float64);
            using var expected = before.dim() > 1 ? ((1 + Share) * w) - (Share * w.mm(w.t()).mm(w)) : w.clone();
            Assert.True((expected - after.to(ScalarType.Float64)).abs().max().item<double>() < 1e-5, name);
        }
    }

    [Theory]
    [InlineData("shifted-softmax", "shifted-softmax", 1.5)]
    [InlineData("emma", "cross-entropy", 1.2)] // Which it is without radii.
    public void Lipschitz_margin_training_certifies_larger_balls_than_the_same_without(string loss, string without, double factor)
    {
        var images = TinyProblem.Images(120);
        for (var seed = 1; seed <= 3; seed++)
        {
            var of = MedianRadius(Plain with { Loss = MarginLoss.Parse(loss), LipschitzMargin = 0.15 }, seed);
            Assert.InRange(of / MedianRadius(Plain with { Loss = MarginLoss.Parse(without) }, seed), factor, double.MaxValue);
        }

        double MedianRadius(TrainingOptions options, int seed)
        {
            using var network = TinyProblem.Network(seed);
            MarginTrainer.Train(network, images, options);
            var radii = LabelledRadius.Compute(network.Score(images), images.Labels, LipschitzBounds.Compute(network, new(1, 2, 2)));
            return radii.Order().ElementAt(radii.Length / 2);
        }
    }

    [Fact]
    public void The_constraints_between_rounds_are_radii_by_the_proven_bound()
    {
        var images = TinyProblem.Images(120, mislabelled: 0.1);
        using var network = TinyProblem.Network();
        var options = Plain with { LipschitzMargin = 0.1, Loss = MarginLoss.DualHinge, Rounds = 2, Epochs = 10 };
        var result = MarginTrainer.Train(network, images, options);
        var radii = LabelledRadius.Compute(result.TrainingScores, images.Labels, LipschitzBounds.Compute(network, new(1, 2, 2)));
        Assert.Equal(radii.Count(radius => radius >= 0.1), result.Constraints.Met);
        Assert.InRange(result.Constraints.Met, 1, radii.Length - 1);
        Assert.Equal(2, result.DualWeights.Values.Distinct().Count()); // Raised where the ball was too small after the first round.
    }

    [Fact]
    public void The_two_ways_to_prescribe_a_margin_and_values_out_of_range_are_refused()
    {
        using var network = TinyProblem.Network();
        void Refused<T>(TrainingOptions options)
            where T : ArgumentException => Assert.Throws<T>(() => MarginTrainer.Train(network, TinyProblem.Images(3), options));

        Refused<ArgumentException>(Plain with { LipschitzMargin = 0.1, SampleMargins = [1, 1, 1] });
        Refused<ArgumentOutOfRangeException>(Plain with { LipschitzMargin = -0.1 });
        Refused<ArgumentOutOfRangeException>(Plain with { LipschitzMargin = double.NaN });
        Refused<ArgumentOutOfRangeException>(Plain with { LipschitzProjection = 0 });
        Refused<ArgumentOutOfRangeException>(Plain with { Parseval = 0 });
        Refused<ArgumentOutOfRangeException>(Plain with { Parseval = 0.6 });
    }

    [Fact]
    public void A_layer_of_unknown_constant_is_refused_by_name()
    {
        using var network = nn.Sequential(("first", nn.Flatten()), ("second", nn.Linear(4, 3)), ("third", nn.GELU()));
        var error = Assert.Throws<NotSupportedException>(
            () => MarginTrainer.Train(network, TinyProblem.Images(6), Plain with { LipschitzMargin = 0.1 }));
        Assert.Contains("'third'", error.Message, StringComparison.Ordinal);
    }
}
