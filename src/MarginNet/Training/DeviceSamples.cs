using MarginNet.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>The training samples where the network is, so that a step on an accelerator neither waits
/// for the CPU nor moves images.</summary>
internal sealed class DeviceSamples : IDisposable
{
    private const long MaxResidentBytes = 1L << 30; // Of images on an accelerator; a larger set moves there batch by batch.

    private readonly ImageSet _set;
    private readonly Device _device;
    private readonly Tensor? _images;
    private readonly Tensor _labels;
    private readonly Tensor _targetMargins;

    public DeviceSamples(ImageSet set, ReadOnlySpan<double> targetMargins, Device device)
    {
        (_set, _device) = (set, device);
        int[] all = [.. Enumerable.Range(0, set.Count)];
        _labels = set.LabelTensor(all, device).DetachFromDisposeScope();
        _targetMargins = PerSample(targetMargins);
        if (device.type != DeviceType.CPU && (long)set.Count * set.Pixels(0).Length <= MaxResidentBytes)
        {
            using var bytes = set.ToByteTensor(all);
            _images = bytes.to(device).DetachFromDisposeScope();
        }
    }

    /// <summary>Brings one number per sample to the device, float32; the caller disposes it.</summary>
    public Tensor PerSample(ReadOnlySpan<double> values)
    {
        var floats = new float[values.Length];
        for (var i = 0; i < floats.Length; i++)
        {
            floats[i] = (float)values[i];
        }

        return tensor(floats, device: _device).DetachFromDisposeScope();
    }

    /// <summary>Brings the order of an epoch to the device; the caller disposes it.</summary>
    public Tensor Order(int[] order) => tensor(Array.ConvertAll(order, index => (long)index), device: _device).DetachFromDisposeScope();

    /// <summary>The images of a batch, bytes [N, C, H, W]; <paramref name="indices"/> says on the device
    /// what <paramref name="batch"/> says here.</summary>
    public Tensor Images(Tensor indices, ReadOnlySpan<int> batch) =>
        _images?.index_select(0, indices) ?? _set.ToByteTensor(batch).to(_device);

    /// <summary>The true classes of a batch, int64 [N].</summary>
    public Tensor Labels(Tensor indices) => _labels.index_select(0, indices);

    /// <summary>The prescribed margins of a batch, float32 [N].</summary>
    public Tensor TargetMargins(Tensor indices) => _targetMargins.index_select(0, indices);

    public void Dispose()
    {
        _images?.Dispose();
        _labels.Dispose();
        _targetMargins.Dispose();
    }
}
