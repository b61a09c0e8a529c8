using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A convolution with fixed kernels, the principal directions of the images' 2×2 patches scaled to unit variance, each in both
/// signs (Page, 2019): what follows sees decorrelated inputs from the first step on. Only the bias is trained.
/// </summary>
internal sealed class WhiteningLayer : nn.Module<Tensor, Tensor>, IGraphModule
{
    private const int Side = 2;
    private const int MaxImages = 5_000;
    private const int ImagesAtOnce = 500;
    private const double VarianceFloor = 5e-4;

    private readonly Parameter bias;

    public WhiteningLayer(int channels)
        : base(nameof(WhiteningLayer))
    {
        using var identity = eye(channels * Side * Side);
        register_buffer("weight", Kernels(identity, channels));
        bias = nn.Parameter(zeros(OutChannels(channels)));
        RegisterComponents();
    }

    public static int OutChannels(int channels) => 2 * channels * Side * Side;

    /// <summary>Takes the kernels from the patches of the images, as <paramref name="normalize"/> gives them.</summary>
    public void Fit(ImageSet images, nn.Module<Tensor, Tensor> normalize)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var weight = get_buffer("weight")!;
        var size = images.Channels * Side * Side;
        var moments = zeros(size, size, dtype: ScalarType.Float64);
        var count = Math.Min(images.Count, MaxImages);
        for (var start = 0; start < count; start += ImagesAtOnce)
        {
            using var batchScope = NewDisposeScope();
            int[] batch =
                [.. Enumerable.Range(start, Math.Min(ImagesAtOnce, count - start)).Select(i => (int)((long)i * images.Count / count))];
            var pixels = normalize.call(images.ToTensor(batch, weight.device)).cpu().to(ScalarType.Float64);
            var patches = pixels.unfold(2, Side, 1).unfold(3, Side, 1).permute(0, 2, 3, 1, 4, 5).reshape(-1, size);
            moments.add_(patches.t().matmul(patches) / (patches.shape[0] * (double)count / batch.Length));
        }

        var (variances, directions) = linalg.eigh(moments);
        var whitening = (directions / (variances + VarianceFloor).sqrt()).t().to(ScalarType.Float32);
        weight.copy_(Kernels(whitening, images.Channels));
    }

    public override Tensor forward(Tensor input) => nn.functional.conv2d(input, get_buffer("weight")!, bias);

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) => graph.Add(
        "",
        new Graph.Operations.Convolution(new([Side, Side], [1, 1], [0, 0], [0, 0], [1, 1]), Groups: 1),
        input,
        graph.Weight("weight", get_buffer("weight")!),
        graph.Weight("bias", bias));

    /// <summary>Makes kernels [2n, channels, 2, 2] of directions [n, n].</summary>
    private static Tensor Kernels(Tensor directions, int channels)
    {
        using var scope = NewDisposeScope();
        return cat([directions, -directions]).reshape(-1, channels, Side, Side).MoveToOuterDisposeScope();
    }
}
