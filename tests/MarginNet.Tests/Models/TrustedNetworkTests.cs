using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using MarginNet.Native;
using MarginNet.Tests.Native;
using MarginNet.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class TrustedNetworkTests : IDisposable
{
    private static readonly ImageSet Images = SyntheticShapes.Create(40, 20).Train;

    private readonly RightKernels _kernels = new();

    public void Dispose() => _kernels.Dispose();

    [Fact]
    public void A_network_that_is_right_is_compared_once_and_keeps_oneDNN()
    {
        using var network = new Faulty(Fault.None);
        Assert.Empty(Warnings(() => network.Score(Images)));
        var calls = network.Calls;
        Assert.Empty(Warnings(() => network.Score(Images)));
        Assert.Equal(1, network.Calls - calls);
        Assert.True(OneDnn.IsOn);
    }

    [Fact]
    public void A_network_that_oneDNN_computes_wrongly_is_scored_rightly_without_it_and_says_so_once()
    {
        using var network = new Faulty(Fault.WithOneDnn);
        var exact = network.Exact(Images);
        var warning = Assert.Single(Warnings(() => Assert.Equal(exact, Flat(network.Score(Images)), new Close())));
        Assert.Contains("without oneDNN", warning, StringComparison.Ordinal);
        Assert.Empty(Warnings(() => Assert.Equal(exact, Flat(network.Score(Images)), new Close())));
        Assert.True(OneDnn.IsOn);
    }

    [Fact]
    public void Where_oneDNN_is_wrong_as_such_a_network_that_came_out_right_by_chance_runs_without_it()
    {
        using var network = new Faulty(Fault.None);
        using var own = new ResNet18(new() { Width = 4 });
        own.eval();
        NativeKernels.Known = _kernels.Report with
        {
            Findings = [_kernels.Report.Findings[0] with { Error = 1 }, .. _kernels.Report.Findings[1..]],
        };
        Assert.Contains("without oneDNN", Assert.Single(Warnings(() => network.Score(Images))), StringComparison.Ordinal);
        Assert.False(network.SawOneDnn);
        Assert.Empty(Warnings(() => own.Score(Images)));
    }

    [Fact]
    public void A_wrong_gradient_of_the_weights_alone_is_found_before_training()
    {
        using var network = new Faulty(Fault.WeightGradient);
        Assert.Empty(Warnings(() => network.Score(Images)));
        Assert.Single(Warnings(() => MarginTrainer.Train(network, Images, new() { Epochs = 1, BatchSize = 20 })));
        Assert.True(OneDnn.IsOn);
    }

    [Fact]
    public void A_wrong_gradient_in_the_images_alone_is_found_before_an_attack()
    {
        using var network = new Faulty(Fault.ImageGradient);
        Assert.Empty(Warnings(() => network.Score(Images)));
        Assert.Single(Warnings(() => Attack.Run(network, Images)));
        Assert.True(OneDnn.IsOn);
    }

    [Fact]
    public void The_comparison_leaves_the_mode_and_the_random_generator_as_they_were()
    {
        using var network = new Faulty(Fault.None, dropout: 0.5);
        network.train();
        manual_seed(5);
        using var before = get_rng_state();
        Assert.Empty(Warnings(() => network.Score(Images)));
        using var after = get_rng_state();
        Assert.True(network.training);
        Assert.True(before.bytes.SequenceEqual(after.bytes));
    }

    [Fact]
    public void While_one_network_runs_without_oneDNN_no_other_is_taken_for_right()
    {
        using var network = new Faulty(Fault.WithOneDnn);
        var exact = network.Exact(Images);
        using (OneDnn.Off())
        {
            Assert.Empty(Warnings(() => Assert.Equal(exact, Flat(network.Score(Images)), new Close())));
        }

        Assert.Single(Warnings(() => Assert.Equal(exact, Flat(network.Score(Images)), new Close())));
    }

    [Fact]
    public void OneDNN_comes_back_when_the_last_of_overlapping_scopes_ends()
    {
        var (first, second) = (OneDnn.Off(), OneDnn.Off());
        first.Dispose();
        first.Dispose();
        Assert.False(OneDnn.IsOn);
        second.Dispose();
        Assert.True(OneDnn.IsOn);
    }

    [Fact]
    public void Where_nothing_computes_convolutions_rightly_a_network_is_refused()
    {
        using var network = new Faulty(Fault.None);
        NativeKernels.Known = _kernels.Report with
        {
            Findings = [.. _kernels.Report.Findings.Select(finding => finding with { ErrorWithoutOneDnn = double.PositiveInfinity })],
        };
        var error = Assert.Throws<PlatformNotSupportedException>(() => network.Score(Images));
        Assert.Contains("marginnet doctor", error.Message, StringComparison.Ordinal);
        NativeKernels.Known = _kernels.Report;
        Assert.Equal(Images.Count, network.Score(Images).Count);
    }

    [Theory]
    [InlineData(8, 2, true)]
    [InlineData(15, 2, true)]
    [InlineData(16, 2, false)]
    [InlineData(8, 1, false)]
    public void Strided_1x1_convolutions_of_few_channels_are_found_without_being_run(int channels, int stride, bool isFound)
    {
        using var network = nn.Sequential(("a", nn.Conv2d(3, channels, 3)), ("b", nn.Conv2d(channels, 4, 1, stride: stride)));
        Assert.Equal(isFound ? "b.weight" : null, StridedPointwise.Find(network));
    }

    [Fact]
    public void A_network_with_a_strided_1x1_convolution_trains_without_oneDNN_and_does_not_crash()
    {
        manual_seed(1);
        using var network = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding: 1), nn.ReLU(), nn.Conv2d(8, 16, 1, stride: 2, bias: false), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(16, 10));
        var warning = Assert.Single(Warnings(() => MarginTrainer.Train(network, Images, new() { Epochs = 3, BatchSize = 20 })));
        Assert.Contains("'2.weight'", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Own_networks_have_no_strided_1x1_convolution_and_none_is_warned_of_in_training()
    {
        Classifier[] networks =
        [
            new ResNet18(new() { Width = 4 }), new FastNet(new() { Width = 4 }), new LipNet(new() { Width = 4 }),
            new OrthogonalNet(new() { Width = 4 }),
            new LiResNet(new() { Width = 4 }),
            new ConvNet(new() { Width = 4 }),
        ];
        foreach (var network in networks)
        {
            Assert.Null(StridedPointwise.Find(network));
            network.Dispose();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_product_that_stands_for_a_strided_1x1_convolution_is_one_with_its_gradients(int stride)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var layer = new PointwiseConvolution(5, 7, stride);
        var (input, exactInput, exactWeight) = (randn(2, 5, 7, 6).requires_grad_(), empty(0), layer.Weight.detach()
            .to(ScalarType.Float64)
            .requires_grad_());
        exactInput = input.detach().to(ScalarType.Float64).requires_grad_();
        var (output, exact) = (layer.call(input), nn.functional.conv2d(exactInput, exactWeight, strides: [stride, stride]));
        Assert.True(output.to(ScalarType.Float64).allclose(exact, 1e-5, 1e-5));
        output.square().sum().backward();
        exact.square().sum().backward();
        Assert.True(input.grad!.to(ScalarType.Float64).allclose(exactInput.grad!, 1e-4, 1e-4));
        Assert.True(layer.Weight.grad!.to(ScalarType.Float64).allclose(exactWeight.grad!, 1e-4, 1e-4));
    }

    private static string[] Warnings(Action action)
    {
        var warnings = new List<string>();
        void Add(object? sender, KernelWarningEventArgs warning) => warnings.Add(warning.Message);

        NativeKernels.Warned += Add;
        try
        {
            action();
        }
        finally
        {
            NativeKernels.Warned -= Add;
        }

        return [.. warnings];
    }

    private static float[] Flat(ScoreMatrix scores) => [.. Enumerable.Range(0, scores.Count).SelectMany(i => scores[i].ToArray())];

    private enum Fault
    {
        None,
        WithOneDnn,
        WeightGradient,
        ImageGradient,
    }

    /// <summary>A small convolutional network whose kernel is wrong as faulty ones of oneDNN were: by a third,
    /// and not without oneDNN.</summary>
    private sealed class Faulty : nn.Module<Tensor, Tensor>
    {
        private readonly Fault _fault;

        public Faulty(Fault fault, double dropout = 0)
            : base(nameof(Faulty))
        {
            manual_seed(7);
            _fault = fault;
            register_parameter("kernel", nn.Parameter(randn(16, 3, 3, 3)));
            register_module("dropout", nn.Dropout(dropout));
            register_module("fc", nn.Linear(16, 10));
        }

        public int Calls { get; private set; }

        private Tensor Kernel => get_parameter("kernel")!;

        private Linear Last => children().OfType<Linear>().Single();

        public bool SawOneDnn { get; private set; }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            Calls++;
            SawOneDnn |= OneDnn.IsOn;
            var (x, w) = (input, Kernel);
            (x, w) = (_fault == Fault.ImageGradient
                ? WrongGradient.apply(x)
                : x, _fault == Fault.WeightGradient ? WrongGradient.apply(w) : w);
            var maps = nn.functional.conv2d(MemoryOrder.ChannelsLast(x), w, padding: [1, 1]);
            maps = OneDnn.IsOn && _fault == Fault.WithOneDnn ? maps * 1.3 : maps;
            return Last.call(children().OfType<Dropout>().Single().call(maps.relu().mean([2, 3]))).MoveToOuterDisposeScope();
        }

        /// <summary>The scores in float64.</summary>
        public float[] Exact(ImageSet images)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            var pixels = images.ToTensor([.. Enumerable.Range(0, images.Count)]).to(ScalarType.Float64);
            var maps = nn.functional.conv2d(pixels, Kernel.to(ScalarType.Float64), padding: [1, 1]).relu().mean([2, 3]);
            return nn.functional.linear(maps, Last.weight!.to(ScalarType.Float64), Last.bias!.to(ScalarType.Float64))
                .to(ScalarType.Float32)
                .data<float>()
                .ToArray();
        }
    }

    /// <summary>The same values, with a gradient 1.3 times too large where oneDNN is on in the backward pass.</summary>
#pragma warning disable CA1812 // Avoid uninstantiated internal classes: apply makes one.
    private sealed class WrongGradient : autograd.SingleTensorFunction<WrongGradient>
    {
        public override string Name => nameof(WrongGradient);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]) * 1;

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => [grad_output * (OneDnn.IsOn ? 1.3 : 1)];
    }
#pragma warning restore CA1812

    private sealed class Close : IEqualityComparer<float>
    {
        public bool Equals(float x, float y) => Math.Abs(x - y) <= 1e-5f;

        public int GetHashCode(float obj) => 0;
    }
}
