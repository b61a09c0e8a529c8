using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>A data set as two tensors, bytes [N, C, H, W] and labels [N], normalised batch by batch outside the network.</summary>
internal sealed class PlainData : IDisposable
{
    public PlainData(ImageSet images, ChannelStatistics normalization)
    {
        using var scope = NewDisposeScope();
        byte[] bytes = [.. Enumerable.Range(0, images.Count).SelectMany(i => images.Pixels(i).ToArray())];
        Pixels = tensor(bytes, [images.Count, images.Channels, images.Height, images.Width]).DetachFromDisposeScope();
        Labels = tensor(Array.ConvertAll(images.Labels.ToArray(), label => (long)label)).DetachFromDisposeScope();
        Mean = PerChannel(normalization.Mean).DetachFromDisposeScope();
        Deviation = PerChannel(normalization.StandardDeviation).DetachFromDisposeScope();
    }

    public long Count => Pixels.shape[0];

    /// <summary>Bytes, shape [N, C, H, W].</summary>
    public Tensor Pixels { get; }

    public Tensor Labels { get; }

    /// <summary>Of each channel in [0, 1], shape [1, C, 1, 1].</summary>
    public Tensor Mean { get; }

    public Tensor Deviation { get; }

    public (Tensor Images, Tensor Labels) Batch(int[] indices)
    {
        var index = tensor(Array.ConvertAll(indices, i => (long)i));
        return (Normalize(Pixels.index_select(0, index)), Labels.index_select(0, index));
    }

    public Tensor Range(long start, long length) => Normalize(Pixels.narrow(0, start, Math.Min(length, Count - start)));

    public void Dispose()
    {
        Pixels.Dispose();
        Labels.Dispose();
        Mean.Dispose();
        Deviation.Dispose();
    }

    private static Tensor PerChannel(IEnumerable<double> values) =>
        tensor(values.Select(value => (float)value).ToArray()).reshape(1, -1, 1, 1);

    private Tensor Normalize(Tensor bytes) => ((bytes.to(ScalarType.Float32) / 255) - Mean) / Deviation;
}
