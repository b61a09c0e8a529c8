using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Distributed;

/// <summary>
/// Batch-norms that normalise by the mean and the variance over the samples of all ranks, instead of over each rank's own:
/// y = γ(x − m)/√(v + ε) + β, with m and v from sums over the ranks, which gradients pass too (<see cref="RankSum"/>). It hooks into
/// every batch-norm that is called by <c>call</c>, and leaves it by being disposed.
/// </summary>
internal sealed class SynchronizedBatchNorm : IDisposable
{
    private readonly IProcessGroup _group;
    private readonly List<Action> _leave = [];
    private readonly HashSet<string> _silent = [];

    public SynchronizedBatchNorm(nn.Module network, IProcessGroup group)
    {
        _group = group;
        foreach (var (name, module) in network.named_modules())
        {
            if (module is BatchNorm { track_running_stats: true } norm)
            {
                Hook(name, norm);
            }
        }
    }

    /// <summary>Whether the samples that are under way count: not where they only keep step with other ranks.</summary>
    public bool Counts { get; set; } = true;

    /// <summary>Requires that each batch-norm was reached.</summary>
    /// <exception cref="NotSupportedException">One was not, since its network calls it by <c>forward</c>.</exception>
    public void ThrowIfNotReached()
    {
        if (_silent.Count > 0)
        {
            throw new NotSupportedException($"The batch-norm '{_silent.Order(StringComparer.Ordinal).First()}' cannot be synchronised, "
                + "since the network calls its forward: write .call(x) instead of .forward(x).");
        }
    }

    public void Dispose() => _leave.ForEach(leave => leave());

    /// <summary>The module's own pass is made in evaluation mode, where it changes nothing, and replaced.</summary>
    private void Hook(string name, BatchNorm norm)
    {
        var isTraining = false;
        _silent.Add(name);
        var before = norm.register_forward_pre_hook((module, x) =>
        {
            isTraining = module.training;
            module.eval();
            return x;
        });
        var after = norm.register_forward_hook((module, x, y) =>
        {
            module.train(isTraining);
            if (!isTraining)
            {
                return y;
            }

            _silent.Remove(name);
            y.Dispose();
            return Normalize(norm, x);
        });
        _leave.Add(before.remove);
        _leave.Add(after.remove);
    }

    private Tensor Normalize(BatchNorm norm, Tensor input)
    {
        using var scope = NewDisposeScope();
        long[] over = [0, .. Enumerable.Range(2, (int)input.dim() - 2)];
        long[] channels = [1, input.shape[1], .. over[1..].Select(_ => 1L)];
        var x = input.to(ScalarType.Float32);
        var counts = Counts ? 1.0 : 0.0;
        var count = RankSum.Of(tensor(counts * x.numel() / x.shape[1], ScalarType.Float64, x.device), _group);
        var mean = RankSum.Of(x.sum(over, type: ScalarType.Float64) * counts, _group) / count;
        var centred = x - mean.to(ScalarType.Float32).view(channels);
        var variance = RankSum.Of(centred.square().sum(over, type: ScalarType.Float64) * counts, _group) / count;
        Follow(norm, mean, variance, count);
        var scale = (variance + norm.eps).rsqrt().to(ScalarType.Float32);
        scale = norm.weight is null ? scale : scale * norm.weight;
        var y = centred * scale.view(channels);
        return (norm.bias is null ? y : y + norm.bias.view(channels)).to(input.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Moves the running statistics, whose variance is the unbiased one.</summary>
    private static void Follow(BatchNorm norm, Tensor mean, Tensor variance, Tensor count)
    {
        using var inference = no_grad();
        var momentum = norm.momentum ?? 0.1;
        norm.running_mean!.mul_(1 - momentum).add_(mean.detach().to(ScalarType.Float32), alpha: momentum);
        var unbiased = variance.detach() * count / (count - 1).clamp_min(1);
        norm.running_var!.mul_(1 - momentum).add_(unbiased.to(ScalarType.Float32), alpha: momentum);
        norm.num_batches_tracked?.add_(1);
    }
}
