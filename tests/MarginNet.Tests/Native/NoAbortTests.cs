using System.Collections.Immutable;
using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Losses;
using MarginNet.Margins;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

/// <summary>
/// LibTorch aborts the process at some wrong arguments, instead of throwing. Whatever is given to the library's own methods, they
/// return or throw; were it otherwise, these tests would end the test host.
/// </summary>
public sealed class NoAbortTests
{
    private static readonly ImageSet Images = ImageSet.Create(new byte[4 * 3 * 12 * 12], [0, 1, 2, 0], 3, 12, 12);

    [Fact]
    public void Formulas_return_or_throw_for_tensors_of_any_shape_and_type()
    {
        var calls = 0;
        foreach (var (first, second) in Strange().SelectMany(_ => Strange(), (a, b) => (a, b)))
        {
            using (first)
            using (second)
            {
                foreach (var loss in MarginLoss.All)
                {
                    Try(() => loss.Compute(first, second, first));
                    Try(() => loss.Compute(first, second, 5, (nn.Reduction)7));
                }

                Try(() => LabelledMargin.Compute(first, second));
                calls++;
            }
        }

        Assert.True(calls > 100);
    }

    [Fact]
    public void Functions_of_one_tensor_return_or_throw_for_any_shape_and_type()
    {
        foreach (var tensor in Strange())
        {
            using (tensor)
            {
                Try(() => DecisionMargin.Compute(tensor));
                Try(() => ScoreMatrix.FromTensor(tensor));
                Try(() => StoredTensor.FromTensor(tensor).ToTensor());
                Try(() => OperatorNorm.Dense(tensor));
                foreach (var groups in new[] { 0, 1, 3, int.MaxValue })
                {
                    Try(() => OperatorNorm.Convolution(tensor, new ConvolutionGeometry(5, 5) { Groups = groups }));
                    Try(() => OperatorNorm.Convolution(tensor, new ConvolutionGeometry(int.MaxValue, -1)
                    {
                        Groups = groups,
                        Stride = (0, -1),
                        Padding = (-3, int.MaxValue),
                        Dilation = (int.MaxValue, 2),
                    }));
                }

                foreach (var padding in new[] { -1, 0, 1, int.MaxValue, int.MinValue })
                {
                    using var generator = new Generator(1);
                    Try(() => Augmentation.RandomCropFlip(tensor, generator, padding));
                    Try(() => Augmentation.RandomCropFlip(tensor, generator, padding, flip: false, PaddingModes.Zeros));
                }
            }
        }
    }

    [Fact]
    public void Networks_attacks_and_gradients_return_or_throw_for_images_and_labels_of_any_shape_and_type()
    {
        using var deep = new ResNet18(new() { Width = 1, ClassCount = 3 });
        using var fast = new FastNet(new() { Width = 1, ClassCount = 3 });
        using var images = zeros(4, 3, 12, 12);
        using var labels = tensor(new long[] { 0, 1, 2, 0 });
        foreach (var network in new Classifier[] { deep, fast })
        {
            foreach (var strange in Strange())
            {
                using (strange)
                {
                    Try(() => network.forward(strange));
                    Try(() => Fgsm.Perturb(network, strange, labels, 0.1));
                    Try(() => Fgsm.Perturb(network, images, strange, 0.1));
                    Try(() => Pgd.Perturb(network, strange, labels, new() { Epsilon = 0.1, Steps = 1, Restarts = 2 }));
                    Try(() => Pgd.Perturb(network, images, strange, new() { Epsilon = 0.1, Steps = 1, Norm = AttackNorm.L2 }));
                    Try(() => LipschitzLowerBounds.Compute(network, strange, ascentSteps: 1));
                }
            }
        }
    }

    public static TheoryData<string> Outputs => [.. StrangeNetworks.Keys];

    [Theory]
    [MemberData(nameof(Outputs))]
    public void Training_scoring_and_attacks_return_or_throw_for_a_network_that_returns_anything(string output)
    {
        using var network = new Strangest(StrangeNetworks[output]);
        using var images = zeros(4, 3, 12, 12);
        using var labels = tensor(new long[] { 0, 1, 2, 0 });
        foreach (var loss in MarginLoss.All)
        {
            Try(() => MarginTrainer.Train(network, Images, new() { Epochs = 1, Rounds = 2, Loss = loss, BatchSize = 3 }, Images));
        }

        Try(() => network.Score(Images));
        Try(() => Attack.Run(network, Images, new()
        {
            Epsilon = 0.1,
            Steps = 1,
            Method = AttackMethod.Pgd,
            Objective = AttackObjective.CrossEntropy,
        }));
        Try(() => Fgsm.Perturb(network, images, labels, 0.1));
        Try(() => LipschitzLowerBounds.Compute(network, images, ascentSteps: 2));
        Try(() => LipschitzBounds.Compute(network, new FeatureShape(3, 12, 12)));
    }

    [Fact]
    public void Images_networks_and_options_of_any_size_are_made_or_refused()
    {
        foreach (var size in new[] { int.MinValue, -1, 0, 1, int.MaxValue })
        {
            Try(() => ImageSet.Create([], [], size, size, size));
            Try(() => ImageSet.Create(new byte[4], [int.MaxValue], size, 1, 4).LabelTensor([0]));
            Try(() => Images.ToTensor([size]));
            Try(() => SyntheticShapes.Create(Math.Min(size, 3), Math.Min(size, 3), size));
            Try(() => new ResNet18(new() { Width = Math.Min(size, 1), ClassCount = Math.Min(size, 3) }));
            Try(() => new FastNet(new() { Width = Math.Min(size, 1), ClassCount = Math.Min(size, 3) }));
            Try(() => new ResNet18(new() { Width = 1, Normalization = new([], []) }));
            Try(() => new ResNet18(new() { Width = 1, Normalization = new(default(ImmutableArray<double>), []) }));
            Try(() => new StoredTensor(ScalarType.Float32, [size, size], new byte[4]).ToTensor());
            Try(() => new StoredTensor((ScalarType)size, [1], new byte[4]).ToTensor());
            using var network = new ResNet18(new() { Width = 1, ClassCount = 3 });
            Try(() => network.Score(Images, size));
            Try(() => MarginTrainer.Train(network, Images, new()
            {
                Epochs = 1,
                BatchSize = size,
                Seed = size,
                Augment = true,
                MaxShift = size,
            }));
            Try(() => Attack.Run(network, Images, new()
            {
                BatchSize = size,
                Restarts = Math.Min(size, 2),
                Steps = Math.Min(size, 2),
                Seed = size,
            }));
        }
    }

    [Fact]
    public void A_disposed_tensor_or_network_is_refused()
    {
        var network = new ResNet18(new() { Width = 1, ClassCount = 3 });
        var logits = zeros(4, 3);
        logits.Dispose();
        network.Dispose();
        using var labels = zeros(4, dtype: ScalarType.Int64);
        Assert.ThrowsAny<Exception>(() => MarginLoss.DualHinge.Compute(logits, labels, 1));
        Assert.ThrowsAny<Exception>(() => DecisionMargin.Compute(logits));
        Try(() => network.Score(Images));
        Try(() => MarginTrainer.Train(network, Images, new() { Epochs = 1 }));
    }

    [Fact]
    public void A_batch_larger_than_any_set_is_the_whole_set()
    {
        static byte[] Weights(int batchSize)
        {
            manual_seed(1);
            using var network = new ResNet18(new() { Width = 1, ClassCount = 3 });
            MarginTrainer.Train(network, Images, new() { Epochs = 2, BatchSize = batchSize, LearningRate = 1e-2 });
            return [.. network.state_dict().Values.SelectMany(weights => weights.bytes.ToArray())];
        }

        Assert.Equal(Weights(Images.Count), Weights(int.MaxValue));
    }

    private static Dictionary<string, Func<Tensor, Tensor>> StrangeNetworks { get; } = new()
    {
        ["a constant"] = x => zeros(x.shape[0], 3),
        ["detached scores"] = x => x.detach().flatten(1)[.., ..3],
        ["one number for each image"] = x => x.flatten(1).sum(1),
        ["one class"] = x => x.flatten(1).sum(1, keepdim: true),
        ["no class"] = x => x.flatten(1)[.., ..0],
        ["two classes, where there are three"] = x => x.flatten(1)[.., ..2],
        ["one row too few"] = x => x.flatten(1)[1.., ..3],
        ["NaN"] = x => x.flatten(1)[.., ..3] * double.NaN,
        ["integers"] = x => x.flatten(1)[.., ..3].to(ScalarType.Int32),
        ["complex numbers"] = x => x.flatten(1)[.., ..3].to(ScalarType.ComplexFloat32),
        ["bfloat16"] = x => x.flatten(1)[.., ..3].to(ScalarType.BFloat16),
        ["maps"] = x => x,
        ["a scalar"] = x => x.sum(),
        ["its input"] = x => x.flatten(1)[.., ..3],
    };

    private static Tensor[] Strange() =>
    [
        zeros(0),
        zeros(0, 3),
        zeros(4, 0),
        zeros(4, 1),
        zeros(4, 3),
        full(4, 3, double.NaN),
        full(4, 3, double.PositiveInfinity),
        zeros(4, 3, dtype: ScalarType.Int64),
        zeros(4, 3, dtype: ScalarType.Bool),
        zeros(4, 3, dtype: ScalarType.Float16),
        zeros(4, 3, dtype: ScalarType.ComplexFloat64),
        zeros(4, dtype: ScalarType.Int64),
        full([4], 99, dtype: ScalarType.Int64),
        full([4], -1, dtype: ScalarType.Int64),
        full([4], long.MinValue, dtype: ScalarType.Int64),
        zeros(4, dtype: ScalarType.Int32),
        zeros(5, dtype: ScalarType.Int64),
        tensor(1.5f),
        zeros(4, 3, 12, 12),
        zeros(0, 3, 12, 12),
        zeros(4, 3, 1, 1),
        zeros(4, 3, 0, 12),
        zeros(4, 1, 12, 12),
        zeros(4, 3, 12, 12, dtype: ScalarType.Byte),
        full([4, 3, 12, 12], double.NaN),
        zeros([1, 1, 1, 1, 1]),
        zeros(4, 3).to_sparse(),
    ];

    /// <summary>Calls, and takes any exception: which one is for other tests.</summary>
    private static void Try<T>(Func<T> call)
    {
        using var scope = NewDisposeScope();
        try
        {
            (call() as IDisposable)?.Dispose();
        }
#pragma warning disable CA1031 // Do not catch general exception types: an exception of any type is the opposite of an abort.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Assert.IsNotType<AccessViolationException>(e);
        }
    }

    private sealed class Strangest : nn.Module<Tensor, Tensor>
    {
        private readonly Func<Tensor, Tensor> _map;

        public Strangest(Func<Tensor, Tensor> map)
            : base(nameof(Strangest))
        {
            _map = map;
            register_parameter("scale", nn.Parameter(ones(1)));
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            return _map(input * get_parameter("scale")!).MoveToOuterDisposeScope();
        }
    }
}
