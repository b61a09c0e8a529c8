using MarginNet.Data;
using MarginNet.Graph.Modules;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Backdoors;

/// <summary>
/// The repair of a network with a backdoor by upper bounds of its activations, after MM-BM (Wang, Xiang, Miller and Kesidis,
/// 2024): each activation a becomes min(a, b), with a bound b for each channel, learnt on a few clean images. A trigger works by
/// activations that clean images do not have.
/// </summary>
/// <remarks>
/// With b = u·m, m the largest activation of the channel on the clean images, and at least 0, u in [0, 1] minimises
/// Σ‖f_b(x) − f(x)‖² / Σ‖f(x) − f̄‖² + λ R(u) from u = 1 by Adam, R(u) being the root mean square of u, averaged over the layers.
/// After each epoch λ, at first 0.1, grows by a fifth where enough decisions on the clean images are kept, and else shrinks by as
/// much; of the u after each epoch that keep enough, the one of the least R is taken. It is the same for scores of any scale.
/// </remarks>
/// <param name="Network">The same network with bounds; the caller disposes it. It is for images of the size of the clean ones.</param>
/// <param name="LayerCount">The activations, of a whole layer each, that have bounds.</param>
/// <param name="Tightness">R(u), from 0 to 1.</param>
/// <param name="Kept">The share of the clean images whose decisions are kept.</param>
public sealed record ActivationClamp(GraphNetwork Network, int LayerCount, double Tightness, double Kept)
{
    private const double FirstPenalty = 0.1;
    private const double Adaptation = 1.2; // The authors' code, too.

    /// <summary>Learns the bounds.</summary>
    /// <param name="network">The network, which stays as it is; of known layers, some of them activations without an upper bound
    /// of their own. In evaluation mode and float32. No other thread may train it meanwhile.</param>
    /// <param name="clean">Clean images, at least one, 10 of each class or more by custom; their labels are not used.</param>
    /// <param name="options">How they are learnt; null for the defaults.</param>
    /// <param name="progress">Told the number of epochs done, after each.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ArgumentException">There is no image, they have other channels than the network's, or an option is out of
    /// range.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="NotSupportedException">A layer is not known, or there is nothing to clamp; the message says which.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ActivationClamp Learn(
        Classifier network, ImageSet clean, ActivationClampOptions? options = null, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new();
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfZero(clean.Count, nameof(clean));
        if (clean.Channels != network.Options.Normalization.Mean.Length)
        {
            throw new ArgumentException(
                $"Expected images of {network.Options.Normalization.Mean.Length} channels, but got {clean.Channels}.", nameof(clean));
        }

        var wasTraining = network.training;
        network.eval();
        try
        {
            return LearnBounds(network, clean, options, progress, cancellation);
        }
        finally
        {
            network.train(wasTraining);
        }
    }

    private static ActivationClamp LearnBounds(
        Classifier network, ImageSet clean, ActivationClampOptions options, IProgress<int>? progress, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var trusted = new TrustedNetwork(network, NetworkUse.ImageGradients);
        var device = network.Device();
        var (graph, places) = ClampedGraph.Of(
            ModuleReader.Read(network, new(clean.Channels, clean.Height, clean.Width)), device);
        using var descent = new BoundDescent(trusted, graph, places, clean, device, options, cancellation);
        var (best, tightness, kept) = (descent.Snapshot(), descent.Tightness, 1.0);
        var penalty = FirstPenalty;
        for (var epoch = 0; epoch < options.Epochs; epoch++)
        {
            descent.Descend(penalty, epoch, cancellation);
            var (own, size) = (descent.Kept(cancellation), descent.Tightness);
            if (own >= options.LeastKept && size < tightness)
            {
                (best, tightness, kept) = (descent.Snapshot(), size, own);
            }

            penalty = own >= options.LeastKept ? penalty * Adaptation : penalty / Adaptation;
            progress?.Report(epoch + 1);
        }

        var clamped = new GraphNetwork(best, new()
        {
            ClassCount = network.Options.ClassCount,
            // The graph has the network's own.
            Normalization = new([.. Enumerable.Repeat(0.0, clean.Channels)], [.. Enumerable.Repeat(1.0, clean.Channels)]),
        });
        clamped.to(device);
        clamped.eval();
        return new(clamped, places.Length, tightness, kept);
    }
}
