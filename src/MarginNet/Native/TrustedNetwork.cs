using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using MarginNet.Foreign;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>
/// A network on kernels that were seen to compute it rightly: before its first use it is compared, on a few images, with itself without oneDNN. Disposing this ends
/// the use; the network stays.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="use">What is to be computed.</param>
internal sealed class TrustedNetwork(nn.Module<Tensor, Tensor> network, NetworkUse use) : IDisposable
{
    private const int Images = 16; // Wrong kernels are wrong from the second image on.
    private const double GradientTolerance = 1e-2; // Rounding may open or close a gate, and with it one term of a sum; kernels that are wrong are so by 5 % and more.

    private static readonly ConditionalWeakTable<nn.Module, ConcurrentDictionary<Setting, Cure>> Known = [];

    private Setting? _setting;
    private Cure _cure;
    private IDisposable? _withoutOneDnn;

    /// <summary>What a network needs to be computed rightly.</summary>
    private enum Cure
    {
        None,
        ChannelsLast,
        WithoutOneDnn,
    }

    /// <summary>Computes the scores of images [N, …].</summary>
    /// <exception cref="PlatformNotSupportedException">Convolutions are wrong on this processor even without oneDNN.</exception>
    public Tensor Call(Tensor images)
    {
        var setting = new Setting(use, images.shape[0] > 1, images.shape.AsSpan(1));
        if (!setting.Equals(_setting))
        {
            OneDnn.Prepare();
            (_setting, _cure) = (setting, MayUseOneDnn(network, images) ? Find(network, images, setting) : Cure.None);
            if (_cure == Cure.WithoutOneDnn)
            {
                _withoutOneDnn ??= OneDnn.Off();
            }
        }

        return network.call(_cure == Cure.ChannelsLast ? MemoryOrder.ChannelsLast(images) : images);
    }

    public void Dispose() => _withoutOneDnn?.Dispose();

    /// <summary>Whether there are convolutions of float32 on a CPU; ONNX Runtime has kernels of its own.</summary>
    private static bool MayUseOneDnn(nn.Module<Tensor, Tensor> network, Tensor images) =>
        OneDnn.CanSwitch && network is not OnnxRuntimeNetwork && images.device.type == DeviceType.CPU && images.dtype == ScalarType.Float32
        && (network is ProgramNetwork || network.parameters().Cast<Tensor>().Concat(network.buffers()).Any(weight => weight.dim() > 2));

    private static Cure Find(nn.Module<Tensor, Tensor> network, Tensor images, Setting setting)
    {
        var known = Known.GetOrCreateValue(network);
        if (!known.TryGetValue(setting, out var cure))
        {
            var found = Examine(network, images.narrow(0, 0, Math.Min(Images, images.shape[0])).detach(), setting.Use);
            cure = found ?? Cure.WithoutOneDnn; // Where it cannot be told: slower, and right.
            if (found is not null)
            {
                known[setting] = cure;
            }
        }

        return cure;
    }

    /// <summary>Compares the network with itself without oneDNN.</summary>
    /// <returns>What it needs; null where this time does not tell.</returns>
    private static Cure? Examine(nn.Module<Tensor, Tensor> network, Tensor images, NetworkUse use)
    {
        if (!NativeKernels.Check().AreRightWithoutOneDnn)
        {
            throw new PlatformNotSupportedException($"LibTorch computes convolutions wrongly on this processor ({Processor.Name}, {Processor.InstructionSet}), with oneDNN and without: run 'marginnet doctor', and use another LibTorch or another machine.");
        }

        if (use == NetworkUse.Training && StridedPointwise.Find(network) is { } dangerous)
        {
            NativeKernels.Warn(network, $"'{dangerous}' is, or may be, a strided 1x1 convolution of fewer than 16 channels, whose gradient oneDNN computes outside its memory (its issue 6035): the network trains without oneDNN, several times slower; take every s-th pixel before a convolution without a stride instead, x[.., ::s, ::s].");
            return Cure.WithoutOneDnn;
        }

        using var scope = NewDisposeScope();
        var (isOn, switched) = (OneDnn.IsOn, OneDnn.Switched);
        var with = Compute(network, images, use);
        if (!isOn || switched != OneDnn.Switched)
        {
            return null; // Another network is being run without.
        }

        using var off = OneDnn.Off();
        var without = Compute(network, images, use);
        if (without.Any(values => !values.isfinite().all().item<bool>()))
        {
            return null; // Not the kernels' fault, and told by whoever reads the scores.
        }

        var error = Difference(without, with);
        if (error == 0)
        {
            return Cure.None;
        }

        off.Dispose();
        var isCured = images.dim() == 4 && Difference(without, Compute(network, MemoryOrder.ChannelsLast(images), use)) == 0;
        NativeKernels.Warn(network, Message(network, error, isCured));
        return isCured ? Cure.ChannelsLast : Cure.WithoutOneDnn;
    }

    /// <summary>The scores, and of a use with gradients those of a sum of them.</summary>
    private static Tensor[] Compute(nn.Module<Tensor, Tensor> network, Tensor images, NetworkUse use)
    {
        using var random = get_rng_state();
        var wasTraining = network.training;
        if (wasTraining)
        {
            network.eval();
        }

        try
        {
            if (use == NetworkUse.Scores)
            {
                using var inference = no_grad();
                return [network.call(images)];
            }

            using var gradients = enable_grad();
            var x = images.detach().clone().requires_grad_(use == NetworkUse.ImageGradients);
            var scores = network.call(x);
            var sum = (scores * arange(scores.numel()).cos().reshape(scores.shape)).sum(); // Weights that do not cancel.
            if (use == NetworkUse.ImageGradients)
            {
                autograd.backward([sum], inputs: [x]);
                return [scores.detach(), x.grad!];
            }

            network.zero_grad(set_to_none: true);
            sum.backward();
            Tensor[] all = [scores.detach(), .. network.parameters().Select(parameter => parameter.grad?.clone()).OfType<Tensor>()];
            network.zero_grad(set_to_none: true);
            return all;
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

    /// <summary>The largest difference, of the scores or of a gradient, as a share of the largest number there; 0 where it may be rounding.</summary>
    private static double Difference(Tensor[] expected, Tensor[] found)
    {
        var scores = ConvolutionCase.Difference(expected[0], found[0]);
        var largest = expected.Skip(1).Select(gradient => gradient.abs().max().ToDouble()).DefaultIfEmpty().Max();
        var gradients = expected.Zip(found).Skip(1)
            .Select(pair => pair.First.abs().max().ToDouble() < KernelFinding.Tolerance * largest ? 0 : ConvolutionCase.Difference(pair.First, pair.Second))
            .DefaultIfEmpty().Max();
        return Math.Max(scores > KernelFinding.Tolerance ? scores : 0, gradients > GradientTolerance ? gradients : 0);
    }

    private static string Message(nn.Module network, double error, bool isCured)
    {
        var layer = WrongLayer.Find(network) is { } name ? $", beginning with layer '{name}'" : "";
        var caches = Processor.FirstCacheBytes == 0 ? ", which does not tell the size of its caches" : "";
        var cure = isCured ? "it is given images in channels-last order, which cures it" : "it is run without oneDNN, several times slower";
        return FormattableString.Invariant($"oneDNN computes this network wrongly on this processor ({Processor.Name}, {Processor.InstructionSet}{caches}), by {error:p1} of the largest number{layer}: {cure}. 'marginnet doctor' tells more.");
    }

    private readonly record struct Setting(NetworkUse Use, bool IsBatch, string Size)
    {
        public Setting(NetworkUse use, bool isBatch, ReadOnlySpan<long> size)
            : this(use, isBatch, string.Join('x', size.ToArray()))
        {
        }
    }
}
