using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Losses;
using MarginNet.Margins;
using MarginNet.Models;
using MarginNet.Native;
using MarginNet.PValues;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

public sealed class PrecisionTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(60, 20).Train;

    public static TheoryData<string, Precision> Networks => new()
    {
        { nameof(ResNet18), Precision.BFloat16 },
        { nameof(ResNet18), Precision.Float16 },
        { nameof(FastNet), Precision.BFloat16 },
        { nameof(FastNet), Precision.Float16 },
        { nameof(LipNet), Precision.BFloat16 },
        { nameof(LipNet), Precision.Float16 },
        { nameof(OrthogonalNet), Precision.BFloat16 },
        { nameof(LiResNet), Precision.BFloat16 },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Scores_are_those_of_float32_but_for_rounding(string name, Precision precision)
    {
        using var network = Create(name);
        var exact = network.Score(Images);
        network.Precision = precision;
        var reduced = network.Score(Images);
        var (largest, difference) = Compare(exact, reduced);
        Assert.InRange(difference, float.Epsilon, 0.05 * largest); // Some roundings to 8 bits, in a row of layers.
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void The_last_layer_is_float32_so_that_margins_are_no_multiples_of_a_coarse_step(string name, Precision precision)
    {
        using var network = Create(name);
        network.Precision = precision;
        var scores = network.Score(Images);
        var values = Enumerable.Range(0, scores.Count).SelectMany(i => scores[i].ToArray()).ToArray();
        Assert.Contains(values, value => value != (float)(Half)value && (BitConverter.SingleToInt32Bits(value) & 0xffff) != 0);
    }

    [Fact]
    public void Setting_it_back_gives_the_bytes_of_before()
    {
        using var network = Create(nameof(ResNet18));
        var exact = network.Score(Images);
        network.Precision = Precision.BFloat16;
        network.Score(Images);
        network.Precision = Precision.Float32;
        Assert.Equal(0, Compare(exact, network.Score(Images)).Difference);
    }

    [Fact]
    public void Auto_becomes_one_of_the_others_at_once()
    {
        using var network = Create(nameof(ResNet18));
        network.Precision = Precision.Auto;
        Assert.Equal(Processor.HasBFloat16 ? Precision.BFloat16 : Precision.Float32, network.Precision);
        Assert.Equal(network.Precision, Precision.Auto.Resolve(CPU));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Steps_are_computed_in_it_since_gradients_are_those_without_oneDNN_but_for_rounding(string name, Precision precision)
    {
        using var network = Create(name);
        using var scope = NewDisposeScope();
        var pixels = Images.ToTensor([.. Enumerable.Range(0, Images.Count)], CPU);
        using var trusted = new TrustedNetwork(network, NetworkUse.Training, precision);
        Assert.False(trusted.Call(pixels).equal(network.call(pixels)).all().item<bool>()); // Not turned away to float32.
    }

    [Theory]
    [InlineData(Precision.BFloat16)]
    [InlineData(Precision.Float16)]
    public void Training_learns_in_it_and_keeps_weights_and_statistics_in_float32(Precision precision)
    {
        using var network = Create(nameof(FastNet));
        ((FastNet)network).Whiten(Images);
        var options = new TrainingOptions
        {
            Loss = MarginLoss.CrossEntropy,
            Precision = precision,
            Epochs = 8,
            BatchSize = 20,
            LearningRate = 1e-2,
        };
        var result = MarginTrainer.Train(network, Images, options);
        Assert.InRange(result.History[^1].Loss, 0, 0.8 * result.History[0].Loss);
        Assert.All(
            network.state_dict().Values.Where(value => value.is_floating_point()),
            value => Assert.Equal(ScalarType.Float32, value.dtype));
        Assert.Equal(0, Compare(result.TrainingScores, network.Score(Images)).Difference); // They are float32's.
    }

    [Fact]
    public void A_network_that_comes_out_otherwise_is_computed_in_float32_and_says_so_once()
    {
        using var kernels = new RightKernels();
        using var network = new Fragile();
        var exact = network.Score(Images);
        var warnings = new List<string>();
        void Add(object? sender, KernelWarningEventArgs warning) => warnings.Add(warning.Message);
        NativeKernels.Warned += Add;
        try
        {
            var pixels = Images.ToTensor([.. Enumerable.Range(0, Images.Count)], CPU);
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            for (var i = 0; i < 2; i++)
            {
                using var trusted = new TrustedNetwork(network, NetworkUse.Scores, Precision.BFloat16);
                Assert.True(trusted.Call(pixels).allclose(network.call(pixels)));
            }
        }
        finally
        {
            NativeKernels.Warned -= Add;
        }

        Assert.Contains("is computed in float32", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_are_those_of_float32_whatever_the_network_is_set_to()
    {
        using var network = Create(nameof(LipNet));
        var bounds = LipschitzBounds.Compute(network, new(Images.Channels, Images.Height, Images.Width));
        var exact = CertifiedRadius.Compute(network, Images, bounds);
        network.Precision = Precision.BFloat16;
        Assert.Equal(exact, CertifiedRadius.Compute(network, Images, bounds));
        Assert.Empty(SoundnessCheck.Run(network, Images, exact, SoundnessCheck.DefaultAttack with { Steps = 1 }));
    }

    [Fact]
    public void Attacks_follow_the_network_in_its_precision()
    {
        using var network = Create(nameof(FastNet));
        network.Precision = Precision.BFloat16;
        var scores = network.Score(Images);
        var result = Attack.Run(network, Images, new() { Epsilon = 0, BatchSize = Scoring.DefaultBatchSize });
        Assert.InRange(Compare(scores, result.CleanScores).Difference, 0, 1e-4 * Compare(scores, result.CleanScores).Largest);
    }

    [Fact]
    public void A_null_model_remembers_it_through_a_file_and_through_what_is_made_of_it()
    {
        using var folder = new TemporaryFolder();
        var margins = Enumerable.Range(1, 50).Select(i => i / 10.0).ToArray();
        var model = MarginNullModel.Fit(margins, new int[50], new int[50], 2, new() { Precision = Precision.BFloat16, FitTestDraws = 0 });
        model.WithTemperature(2).WithRule(null).Save(folder["null.json"]);
        Assert.Equal(Precision.BFloat16, MarginNullModel.Load(folder["null.json"]).Precision);
        Assert.Equal(Precision.Float32, MarginNullModel.Fit(margins, new int[50], new int[50], 2, new() { FitTestDraws = 0 }).Precision);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => MarginNullModel.Fit(margins, new int[50], new int[50], 2, new() { Precision = Precision.Auto }));
    }

    private static Classifier Create(string name)
    {
        manual_seed(4);
        return name switch
        {
            nameof(ResNet18) => new ResNet18(new() { Width = 8 }),
            nameof(FastNet) => new FastNet(new() { Width = 8 }),
            nameof(OrthogonalNet) => new OrthogonalNet(new() { Width = 8 }),
            nameof(LiResNet) => new LiResNet(new() { Width = 8 }),
            _ => new LipNet(new() { Width = 8 }),
        };
    }

    private static (double Largest, double Difference) Compare(ScoreMatrix first, ScoreMatrix second)
    {
        var (largest, difference) = (0.0, 0.0);
        for (var i = 0; i < first.Count; i++)
        {
            for (var c = 0; c < first.ClassCount; c++)
            {
                largest = Math.Max(largest, Math.Abs(first[i][c]));
                difference = Math.Max(difference, Math.Abs(first[i][c] - second[i][c]));
            }
        }

        return (largest, difference);
    }

    /// <summary>Scores that are small differences of large numbers, which 8 bits do not hold.</summary>
    private sealed class Fragile : nn.Module<Tensor, Tensor>
    {
        public Fragile()
            : base(nameof(Fragile))
        {
            manual_seed(7);
            register_parameter("kernel", nn.Parameter(randn(16, 3, 3, 3)));
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var x = nn.functional.conv2d(input, get_parameter("kernel")!).mean([2, 3]);
            var large = (x * 0) + 1000;
            return ((x + large) - large).MoveToOuterDisposeScope();
        }
    }
}
