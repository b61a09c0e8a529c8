using System.Collections.Immutable;
using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Models;
using MarginNet.Native;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Backdoors;

/// <summary>Bounds of activations on their way down, as shares u of the largest activation m of each channel on clean images.</summary>
/// <remarks>Tensors made here belong to the dispose scope.</remarks>
internal sealed class BoundDescent : IDisposable
{
    private const double LeastSpread = 1e-12; // Of scores that are all alike.

    private readonly NetworkGraph _graph;
    private readonly int[] _places; // Of the bounds among the parameters.
    private readonly ImageSet _clean;
    private readonly Device _device;
    private readonly ActivationClampOptions _options;
    private readonly TrustedNetwork _trusted;
    private readonly Tensor[] _parameters;
    private readonly Tensor[] _largest; // m of each layer, shape of its bound.
    private readonly Tensor[] _shares; // u of each layer, the same shape.
    private readonly Tensor _scores; // f(x) without bounds, [N, C].
    private readonly double _spread; // The mean of ‖f(x) − f̄‖².
    private readonly AdamAscent _adam;

    /// <summary>Starts from bounds that no clean image reaches.</summary>
    /// <param name="trusted">The network that the graph is of, which knows right kernels.</param>
    /// <param name="graph">The graph, with bounds of +∞.</param>
    /// <param name="places">The places of the bounds among its parameters.</param>
    /// <param name="clean">The images.</param>
    /// <param name="device">Where the network is.</param>
    /// <param name="options">How to descend.</param>
    /// <param name="cancellation">Stops between batches.</param>
    public BoundDescent(
        TrustedNetwork trusted, NetworkGraph graph, int[] places, ImageSet clean, Device device, ActivationClampOptions options,
        CancellationToken cancellation)
    {
        (_trusted, _graph, _places, _clean, _device, _options) = (trusted, graph, places, clean, device, options);
        _parameters = [.. graph.Parameters.Select(parameter => parameter.Value.detach())];
        _largest = [.. places.Select(place => zeros_like(_parameters[place]))];
        var scores = new List<Tensor>();
        foreach (var batch in Batches([.. Enumerable.Range(0, clean.Count)], cancellation))
        {
            using var scope = NewDisposeScope();
            scores.Add(Run(Images(batch), _parameters, Measure).MoveToOuterDisposeScope());
        }

        _scores = cat(scores);
        if (!_scores.isfinite().all().item<bool>())
        {
            throw new InvalidDataException(
                "The network gives a score that is NaN or infinite: its training diverged, or its weights are damaged.");
        }

        _spread = Math.Max(Distance(_scores, _scores.mean([0], keepdim: true)).item<float>(), LeastSpread);
        _shares = [.. _largest.Select(largest => ones_like(largest).requires_grad_())];
        _adam = new(_shares, options.LearningRate);
    }

    /// <summary>R(u), the root mean square of the shares, averaged over the layers.</summary>
    public double Tightness => Size().item<float>();

    /// <summary>One pass over the images.</summary>
    public void Descend(double penalty, int epoch, CancellationToken cancellation)
    {
        foreach (var batch in Batches(EpochOrder.Shuffled(_clean.Count, _options.Seed, epoch), cancellation))
        {
            using var scope = NewDisposeScope();
            using (enable_grad())
            {
                var scores = Run(Images(batch), Bounded());
                (Distance(scores, Own(batch)).Over(-_spread) - Size().Times(penalty)).backward();
            }

            _adam.Step();
            Array.ForEach(_shares, share => share.copy_(share.Within(0, 1)));
        }
    }

    /// <summary>The share of the images whose decision is that without bounds.</summary>
    public double Kept(CancellationToken cancellation)
    {
        var kept = 0L;
        foreach (var batch in Batches([.. Enumerable.Range(0, _clean.Count)], cancellation))
        {
            using var scope = NewDisposeScope();
            kept += Run(Images(batch), Bounded()).argmax(1).eq(Own(batch).argmax(1)).sum().item<long>();
        }

        return (double)kept / _clean.Count;
    }

    /// <summary>The graph with the bounds as they are now.</summary>
    public NetworkGraph Snapshot()
    {
        var values = Bounded();
        ImmutableArray<GraphParameter> parameters =
            [.. _graph.Parameters.Zip(values, (parameter, value) => parameter with { Value = value.detach().clone() })];
        return new(_graph.Input, parameters, _graph.Nodes, _graph.Output);
    }

    public void Dispose()
    {
        _adam.Dispose();
        _scores.Dispose();
    }

    private IEnumerable<int[]> Batches(int[] order, CancellationToken cancellation)
    {
        foreach (var batch in order.Chunk(_options.BatchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            yield return batch;
        }
    }

    private Tensor Images(int[] batch) => _clean.ToTensor(batch, _device);

    private Tensor Own(int[] batch) => _scores[tensor(Array.ConvertAll(batch, i => (long)i), device: _device)];

    private Tensor Run(Tensor images, Tensor[] parameters, Action<Node, Tensor[]>? visit = null)
    {
        _trusted.Prepare(images);
        return _graph.Run(images, parameters, visit: visit);
    }

    /// <summary>The parameters of the graph, the bounds being u·m.</summary>
    private Tensor[] Bounded()
    {
        var values = _parameters.ToArray();
        foreach (var (layer, place) in _places.Index())
        {
            values[place] = _shares[layer] * _largest[layer];
        }

        return values;
    }

    private void Measure(Node node, Tensor[] inputs)
    {
        var layer = Array.FindIndex(_places, place => node.Inputs.Length > 1 && node.Inputs[1] == _graph.Parameters[place].Name);
        if (layer >= 0)
        {
            long[] others = [.. Enumerable.Range(0, (int)inputs[0].dim()).Where(axis => axis != 1)];
            var largest = inputs[0].amax(others, keepdim: true);
            _largest[layer].copy_(_largest[layer].maximum(largest));
        }
    }

    private Tensor Size() => stack(_shares.Select(share => share.square().mean().sqrt())).mean();

    /// <summary>The mean of ‖a − b‖² over the rows.</summary>
    private static Tensor Distance(Tensor left, Tensor right) => (left - right).square().sum(1).mean();
}
