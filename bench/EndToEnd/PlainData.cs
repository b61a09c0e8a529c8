using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>A data set as two tensors, bytes [N, C, H, W] and labels [N], normalised batch by batch outside the network.</summary>
internal sealed class PlainData : IDisposable
{
    private readonly Tensor _pixels;
    private readonly Tensor _mean;
    private readonly Tensor _deviation;

    public PlainData(ImageSet images, ChannelStatistics normalization)
    {
        using var scope = NewDisposeScope();
        byte[] bytes = [.. Enumerable.Range(0, images.Count).SelectMany(i => images.Pixels(i).ToArray())];
        _pixels = tensor(bytes, [images.Count, images.Channels, images.Height, images.Width]).DetachFromDisposeScope();
        Labels = tensor(Array.ConvertAll(images.Labels.ToArray(), label => (long)label)).DetachFromDisposeScope();
        _mean = PerChannel(normalization.Mean).DetachFromDisposeScope();
        _deviation = PerChannel(normalization.StandardDeviation).DetachFromDisposeScope();
    }

    public long Count => _pixels.shape[0];

    public Tensor Labels { get; }

    public (Tensor Images, Tensor Labels) Batch(int[] indices)
    {
        var index = tensor(Array.ConvertAll(indices, i => (long)i));
        return (Normalize(_pixels.index_select(0, index)), Labels.index_select(0, index));
    }

    public Tensor Range(long start, long length) => Normalize(_pixels.narrow(0, start, Math.Min(length, Count - start)));

    public void Dispose()
    {
        _pixels.Dispose();
        Labels.Dispose();
        _mean.Dispose();
        _deviation.Dispose();
    }

    private static Tensor PerChannel(IEnumerable<double> values) => tensor(values.Select(value => (float)value).ToArray()).reshape(1, -1, 1, 1);

    private Tensor Normalize(Tensor bytes) => ((bytes.to(ScalarType.Float32) / 255) - _mean) / _deviation;
}
