using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A network on kernels that were seen to compute it rightly: before its first use it is compared, on a few images,
/// with itself without oneDNN. Where oneDNN is wrong as such, only the networks of this library, which reach none of its faults,
/// are tried at all: what it reads there was never written, and may pass for right by chance. Disposing this ends the use; the network
/// stays.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="use">What is to be computed.</param>
/// <param name="precision">In what; <see cref="Precision.Auto"/> is resolved before.</param>
internal sealed class TrustedNetwork(nn.Module<Tensor, Tensor> network, NetworkUse use, Precision precision = Precision.Float32)
    : IDisposable
{
    private const int Images = 16; // Wrong kernels are wrong from the second image on.

    // Of the largest score. Right kernels change scores by some percent in bfloat16, wrong ones by 20 percent and more.
    private const double ReducedTolerance = 0.125;

    private static readonly ConditionalWeakTable<nn.Module, ConcurrentDictionary<Setting, Cure>> Known = [];

    private Precision _precision = precision;
    private Setting? _setting;
    private Cure _cure;
    private IDisposable? _withoutOneDnn;

    /// <summary>What a network needs to be computed rightly.</summary>
    private enum Cure
    {
        None,
        WithoutOneDnn,
        Float32,
    }

    /// <summary>Computes the scores of images [N, …], in float32 whatever they were computed in.</summary>
    /// <exception cref="PlatformNotSupportedException">Convolutions are wrong on this processor even without oneDNN.</exception>
    public Tensor Call(Tensor images)
    {
        Prepare(images);
        return _precision == Precision.Float32 ? network.call(images) : CallReduced(network, images, _precision);
    }

    /// <summary>Makes sure of the kernels for such images, for whoever computes the network's layers another way.</summary>
    /// <inheritdoc cref="Call"/>
    public void Prepare(Tensor images)
    {
        var setting = new Setting(use, _precision, images.shape[0] > 1, MemoryOrder.IsChannelsLast(images), images.shape.AsSpan(1));
        if (!setting.Equals(_setting))
        {
            OneDnn.Prepare();
            (_setting, _cure) = (setting, MayUseOneDnn(network, images) ? Find(network, images, setting) : Cure.None);
            if (_cure == Cure.WithoutOneDnn)
            {
                _withoutOneDnn ??= OneDnn.Off();
            }

            if (_cure == Cure.Float32)
            {
                _precision = Precision.Float32;
                Prepare(images);
            }
        }
    }

    public void Dispose() => _withoutOneDnn?.Dispose();

    /// <summary>Whether there are convolutions of float32 on a CPU.</summary>
    private static bool MayUseOneDnn(nn.Module<Tensor, Tensor> network, Tensor images) =>
        network is MirroredNetwork { Network: var each } ? MayUseOneDnn(each, images)
        : OneDnn.CanSwitch && network is not Classifier { RunsOwnKernels: true }
        && images.device.type == DeviceType.CPU && images.dtype == ScalarType.Float32
        && (network is ProgramNetwork || network.parameters().Cast<Tensor>().Concat(network.buffers()).Any(weight => weight.dim() > 2));

    private static Tensor CallReduced(nn.Module<Tensor, Tensor> network, Tensor images, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var reduced = Autocast.Use(precision, images.device.type);
        return network.call(images).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private static Cure Find(nn.Module<Tensor, Tensor> network, Tensor images, Setting setting)
    {
        var known = Known.GetOrCreateValue(network);
        if (!known.TryGetValue(setting, out var cure))
        {
            var few = images.narrow(0, 0, Math.Min(Images, images.shape[0])).detach();
            var isReduced = setting.Precision != Precision.Float32;
            var found = isReduced ? ExamineReduced(network, few, setting) : Examine(network, few, setting.Use, known.IsEmpty);
            // Where it cannot be told: slower, and right.
            cure = found ?? (isReduced ? Cure.Float32 : Cure.WithoutOneDnn);
            if (found is not null)
            {
                known[setting] = cure;
            }
        }

        return cure;
    }

    /// <summary>Compares the scores in fewer bits with those of float32 without oneDNN.</summary>
    /// <inheritdoc cref="Examine"/>
    private static Cure? ExamineReduced(nn.Module<Tensor, Tensor> network, Tensor images, Setting setting)
    {
        ThrowIfAlwaysWrong(network);
        if (!MayBeRight(network) || (setting.Use == NetworkUse.Training && StridedPointwise.Find(network) is not null))
        {
            return Cure.Float32; // Whose check says why.
        }

        var (isOn, switched) = (OneDnn.IsOn, OneDnn.Switched);
        var error = Error(network, images, setting.Use, setting.Precision);
        if (!isOn || OneDnn.Switched != switched + 2 || error is null)
        {
            return null;
        }

        if (error <= ReducedTolerance)
        {
            return Cure.None;
        }

        var share = FormattableString.Invariant($"{error:p1}");
        NativeKernels.Warn(network, $"In {setting.Precision} this network comes out otherwise than in float32, "
            + $"by {share} of the largest score: it is computed in float32.");
        return Cure.Float32;
    }

    private static void ThrowIfAlwaysWrong(nn.Module<Tensor, Tensor> network)
    {
        if (!NativeKernels.Check().AreRightWithoutOneDnn)
        {
            using var slower = OneDnn.Off();
            throw new PlatformNotSupportedException($"LibTorch computes convolutions wrongly on this processor ({Processor.Name}, "
                + $"{Processor.InstructionSet}), with oneDNN and without{FirstWrong(network)}: run 'marginnet doctor', "
                + "and use another LibTorch or another machine.");
        }
    }

    /// <summary>Compares the network with itself without oneDNN.</summary>
    /// <returns>What it needs; null where this time does not tell.</returns>
    private static Cure? Examine(nn.Module<Tensor, Tensor> network, Tensor images, NetworkUse use, bool isFirst)
    {
        ThrowIfAlwaysWrong(network);
        if (use == NetworkUse.Training && StridedPointwise.Find(network) is { } dangerous)
        {
            NativeKernels.Warn(network, $"'{dangerous}' is, or may be, a strided 1x1 convolution of fewer than 16 channels, "
                + "whose gradient oneDNN computes outside its memory (its issue 6035): the network trains without oneDNN, "
                + "several times slower; take every s-th pixel before a convolution without a stride instead, x[.., ::s, ::s].");
            return Cure.WithoutOneDnn;
        }

        if (!MayBeRight(network))
        {
            if (isFirst)
            {
                NativeKernels.Warn(network, "LibTorch computes convolutions wrongly with oneDNN " + Here(network));
            }

            return Cure.WithoutOneDnn;
        }

        var (isOn, switched) = (OneDnn.IsOn, OneDnn.Switched);
        var error = Error(network, images, use, Precision.Float32);
        if (!isOn || OneDnn.Switched != switched + 2 || error is null)
        {
            return null; // Another network was run without oneDNN meanwhile, or it does not tell.
        }

        if (error <= KernelFinding.Tolerance)
        {
            return Cure.None;
        }

        NativeKernels.Warn(network, FormattableString.Invariant(
            $"With oneDNN this network comes out otherwise than without by {error:p1} of the largest number, ") + Here(network));
        return Cure.WithoutOneDnn;
    }

    /// <summary>Whether oneDNN is right on this processor,
    /// or the network's convolutions are of the kinds that it has right everywhere.</summary>
    private static bool MayBeRight(nn.Module network) => network is MirroredNetwork { Network: var each }
        ? MayBeRight(each)
        : NativeKernels.Check().AreRight || network is ResNet18 or FastNet or LipNet or ConvNet or OrthogonalNet or LiResNet;

    /// <summary>The largest difference, of the scores from those in float32 without oneDNN, or that oneDNN makes in a gradient,
    /// as a share of the largest number there.</summary>
    /// <returns>null where scores are not finite, which is not the kernels' fault and told by whoever reads them.</returns>
    private static double? Error(nn.Module<Tensor, Tensor> network, Tensor images, NetworkUse use, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var quiet = new Evaluation(network);
        // One forward pass is differentiated twice, so that the gates between the layers, which rounding may open or close,
        // are the same.
        using var mode = set_grad_enabled(use != NetworkUse.Scores);
        var x = use == NetworkUse.ImageGradients ? images.clone().requires_grad_() : images;
        var with = CallReduced(network, x, precision);
        var gradients = Gradients(network, with, x, use, isLast: false);
        using var off = OneDnn.Off();
        var exactGradients = Gradients(network, with, x, use, isLast: true);
        var exact = quiet.Score(images);
        return exact.isfinite().all().item<bool>()
            ? exactGradients.Zip(gradients, ConvolutionCase.Difference).Append(ConvolutionCase.Difference(exact, with.detach())).Max()
            : null;
    }

    /// <summary>The gradients of a sum of the scores in what the use needs them in.</summary>
    private static Tensor[] Gradients(nn.Module<Tensor, Tensor> network, Tensor scores, Tensor images, NetworkUse use, bool isLast)
    {
        if (use == NetworkUse.Scores)
        {
            return [];
        }

        using var scope = NewDisposeScope();
        var sum = (scores * arange(scores.numel()).cos().reshape(scores.shape)).sum(); // Weights that do not cancel.
        if (use == NetworkUse.ImageGradients)
        {
            images.grad?.zero_();
            autograd.backward([sum], retain_graph: !isLast, inputs: [images]);
            return [images.grad!.clone().MoveToOuterDisposeScope()];
        }

        network.zero_grad(set_to_none: true);
        sum.backward(retain_graph: !isLast);
        Tensor[] gradients =
            [.. network.parameters().Select(parameter => parameter.grad?.clone().MoveToOuterDisposeScope()).OfType<Tensor>()];
        network.zero_grad(set_to_none: true);
        return gradients;
    }

    private static string Here(nn.Module network)
    {
        var caches = Processor.FirstCacheBytes == 0 ? ", which does not tell the size of its caches" : "";
        return $"on this processor ({Processor.Name}, {Processor.InstructionSet}{caches}){FirstWrong(network)}: "
            + "the network is run without oneDNN, several times slower. 'marginnet doctor' tells more.";
    }

    private static string FirstWrong(nn.Module network) => WrongLayer.Find(network) is { } name ? $", beginning with layer '{name}'" : "";

    /// <summary>A network in evaluation mode, whose scores without gradients are alike each time; disposing restores its mode and torch's
    /// global generator.</summary>
    private sealed class Evaluation : IDisposable
    {
        private readonly nn.Module<Tensor, Tensor> _network;
        private readonly Tensor _random = get_rng_state();
        private readonly bool _wasTraining;

        public Evaluation(nn.Module<Tensor, Tensor> network)
        {
            (_network, _wasTraining) = (network, network.training);
            if (_wasTraining)
            {
                network.eval();
            }
        }

        public Tensor Score(Tensor images)
        {
            using var inference = no_grad();
            set_rng_state(_random);
            return _network.call(images);
        }

        public void Dispose()
        {
            set_rng_state(_random);
            _random.Dispose();
            if (_wasTraining)
            {
                _network.train();
            }
        }
    }

    private readonly record struct Setting(NetworkUse Use, Precision Precision, bool IsBatch, bool IsChannelsLast, string Size)
    {
        public Setting(NetworkUse use, Precision precision, bool isBatch, bool isChannelsLast, ReadOnlySpan<long> size)
            : this(use, precision, isBatch, isChannelsLast, string.Join('x', size.ToArray()))
        {
        }
    }
}
