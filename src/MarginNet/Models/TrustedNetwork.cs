using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A network on kernels that were seen to compute it rightly: before its first use it is compared, on a few images,
/// with itself without oneDNN. Where oneDNN is wrong as such, only the networks of this library, which reach none of its faults,
/// are tried at all: what it reads there was never written, and may pass for right by chance. Disposing this ends the use; the network stays.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="use">What is to be computed.</param>
internal sealed class TrustedNetwork(nn.Module<Tensor, Tensor> network, NetworkUse use) : IDisposable
{
    private const int Images = 16; // Wrong kernels are wrong from the second image on.

    private static readonly ConditionalWeakTable<nn.Module, ConcurrentDictionary<Setting, bool>> Known = [];

    private Setting? _setting;
    private IDisposable? _withoutOneDnn;

    /// <summary>Computes the scores of images [N, …].</summary>
    /// <exception cref="PlatformNotSupportedException">Convolutions are wrong on this processor even without oneDNN.</exception>
    public Tensor Call(Tensor images)
    {
        var setting = new Setting(use, images.shape[0] > 1, MemoryOrder.IsChannelsLast(images), images.shape.AsSpan(1));
        if (!setting.Equals(_setting))
        {
            OneDnn.Prepare();
            _setting = setting;
            if (MayUseOneDnn(network, images) && !IsRight(network, images, setting))
            {
                _withoutOneDnn ??= OneDnn.Off();
            }
        }

        return network.call(images);
    }

    public void Dispose() => _withoutOneDnn?.Dispose();

    /// <summary>Whether there are convolutions of float32 on a CPU.</summary>
    private static bool MayUseOneDnn(nn.Module<Tensor, Tensor> network, Tensor images) =>
        OneDnn.CanSwitch && network is not Classifier { RunsOwnKernels: true } && images.device.type == DeviceType.CPU && images.dtype == ScalarType.Float32
        && (network is ProgramNetwork || network.parameters().Cast<Tensor>().Concat(network.buffers()).Any(weight => weight.dim() > 2));

    /// <summary>Whether oneDNN computes the network rightly; where it cannot be told, false: slower, and right.</summary>
    private static bool IsRight(nn.Module<Tensor, Tensor> network, Tensor images, Setting setting)
    {
        var known = Known.GetOrCreateValue(network);
        if (!known.TryGetValue(setting, out var isRight)
            && Examine(network, images.narrow(0, 0, Math.Min(Images, images.shape[0])).detach(), setting.Use, known.IsEmpty) is { } found)
        {
            isRight = known[setting] = found;
        }

        return isRight;
    }

    /// <summary>Compares the network with itself without oneDNN.</summary>
    /// <returns>Whether it is right with oneDNN; null where this time does not tell.</returns>
    private static bool? Examine(nn.Module<Tensor, Tensor> network, Tensor images, NetworkUse use, bool isFirst)
    {
        var kernels = NativeKernels.Check();
        if (!kernels.AreRightWithoutOneDnn)
        {
            using var slower = OneDnn.Off();
            throw new PlatformNotSupportedException($"LibTorch computes convolutions wrongly on this processor ({Processor.Name}, "
                + $"{Processor.InstructionSet}), with oneDNN and without{FirstWrong(network)}: run 'marginnet doctor', "
                + "and use another LibTorch or another machine.");
        }

        if (use == NetworkUse.Training && StridedPointwise.Find(network) is { } dangerous)
        {
            NativeKernels.Warn(network, $"'{dangerous}' is, or may be, a strided 1x1 convolution of fewer than 16 channels, "
                + "whose gradient oneDNN computes outside its memory (its issue 6035): the network trains without oneDNN, "
                + "several times slower; take every s-th pixel before a convolution without a stride instead, x[.., ::s, ::s].");
            return false;
        }

        if (!kernels.AreRight && !IsOwn(network))
        {
            if (isFirst)
            {
                NativeKernels.Warn(network, "LibTorch computes convolutions wrongly with oneDNN " + Here(network));
            }

            return false;
        }

        var (isOn, switched) = (OneDnn.IsOn, OneDnn.Switched);
        var error = Error(network, images, use);
        if (!isOn || OneDnn.Switched != switched + 2)
        {
            return null; // Another network was run without oneDNN meanwhile.
        }

        if (error > 0)
        {
            NativeKernels.Warn(
                network, "With oneDNN this network comes out otherwise than without "
                    + FormattableString.Invariant($"by {error:p1} of the largest number, ") + Here(network));
        }

        return error is null ? null : error == 0;
    }

    /// <summary>Whether its convolutions are of the kinds that oneDNN has right everywhere.</summary>
    private static bool IsOwn(nn.Module network) => network is ResNet18 or FastNet or LipNet;

    /// <summary>The largest difference, of the scores or of a gradient, that oneDNN makes,
    /// as a share of the largest number there.</summary>
    /// <returns>0 where it may be rounding; null where scores are not finite,
    /// which is not the kernels' fault and told by whoever reads them.</returns>
    private static double? Error(nn.Module<Tensor, Tensor> network, Tensor images, NetworkUse use)
    {
        using var scope = NewDisposeScope();
        using var random = get_rng_state();
        var wasTraining = network.training;
        if (wasTraining)
        {
            network.eval();
        }

        try
        {
            // One forward pass is differentiated twice, so that the gates between the layers, which rounding may open or close,
            // are the same.
            using var mode = set_grad_enabled(use != NetworkUse.Scores);
            var x = use == NetworkUse.ImageGradients ? images.clone().requires_grad_() : images;
            var with = network.call(x);
            var gradients = Gradients(network, with, x, use, isLast: false);
            using var off = OneDnn.Off();
            var exactGradients = Gradients(network, with, x, use, isLast: true);
            using var inference = no_grad();
            set_rng_state(random);
            var exact = network.call(images);
            return exact.isfinite().all().item<bool>()
                ? exactGradients.Zip(gradients, Difference).Append(Difference(exact, with.detach())).Max()
                : null;
        }
        finally
        {
            set_rng_state(random);
            if (wasTraining)
            {
                network.train();
            }
        }
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

    private static double Difference(Tensor exact, Tensor found) =>
        ConvolutionCase.Difference(exact, found) is > KernelFinding.Tolerance and var difference ? difference : 0;

    private static string Here(nn.Module network)
    {
        var caches = Processor.FirstCacheBytes == 0 ? ", which does not tell the size of its caches" : "";
        return $"on this processor ({Processor.Name}, {Processor.InstructionSet}{caches}){FirstWrong(network)}: "
            + "the network is run without oneDNN, several times slower. 'marginnet doctor' tells more.";
    }

    private static string FirstWrong(nn.Module network) => WrongLayer.Find(network) is { } name ? $", beginning with layer '{name}'" : "";

    private readonly record struct Setting(NetworkUse Use, bool IsBatch, bool IsChannelsLast, string Size)
    {
        public Setting(NetworkUse use, bool isBatch, bool isChannelsLast, ReadOnlySpan<long> size)
            : this(use, isBatch, isChannelsLast, string.Join('x', size.ToArray()))
        {
        }
    }
}
