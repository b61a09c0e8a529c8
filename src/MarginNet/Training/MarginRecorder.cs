using MarginNet.Checkpoints;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>Records what the training pass itself says of each sample: its labelled margin in every epoch, and the sum of its scores.
/// Kept on the device, so that a step need not wait.</summary>
internal sealed class MarginRecorder(int epochs, int count, Device device) : IDisposable
{
    private const string MarginsKey = "margins";
    private const string SumsKey = "score_sums";

    private readonly Tensor _margins = zeros([epochs, count], device: device).DetachFromDisposeScope();
    private Tensor? _sums; // [N, C], once C is known.

    /// <summary>Adds the logits [B, C] of a batch in an epoch, counted from 0.</summary>
    public void Add(int epoch, Tensor indices, Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var scores = logits.detach().to(ScalarType.Float32);
        _sums ??= zeros([count, scores.shape[1]], device: device).DetachFromDisposeScope();
        _sums.index_add_(0, indices, scores, 1);
        _margins[epoch].index_copy_(0, indices, ClassScores.Own(scores, labels) - ClassScores.StrongestRival(scores, labels));
    }

    /// <summary>What was recorded of the first epochs.</summary>
    public MarginRecord Read(int trained)
    {
        using var scope = NewDisposeScope();
        var margins = _margins.narrow(0, 0, trained).cpu().contiguous();
        return new(margins.data<float>().ToArray(), count, ScoreMatrix.FromTensor(_sums! / trained));
    }

    public Dictionary<string, object?> Capture() => new()
    {
        [MarginsKey] = StoredTensor.FromTensor(_margins),
        [SumsKey] = _sums is null ? null : StoredTensor.FromTensor(_sums),
    };

    /// <summary>Becomes what was captured.</summary>
    public void Restore(PlainDictionary stored)
    {
        using var scope = NewDisposeScope();
        _margins.copy_(Numbers(stored, MarginsKey, margins => margins is [var e, var n] && e == epochs && n == count));
        _sums?.Dispose();
        _sums = stored.Has(SumsKey)
            ? Numbers(stored, SumsKey, sums => sums is [var n, >= 2] && n == count).to(device).DetachFromDisposeScope()
            : null;
    }

    public void Dispose()
    {
        _margins.Dispose();
        _sums?.Dispose();
    }

    private static Tensor Numbers(PlainDictionary stored, string key, Predicate<long[]> fits)
    {
        var tensor = stored.Tensor(key);
        return tensor.Type == ScalarType.Float32 && fits([.. tensor.Shape])
            ? tensor.ToTensor()
            : throw stored.Unexpected(key, "what a run of these settings records");
    }
}
