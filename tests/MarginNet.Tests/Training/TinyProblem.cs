using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

/// <summary>A problem that trains in milliseconds: three classes of 1×2×2 images, each bright in a pixel of its own.</summary>
internal static class TinyProblem
{
    public const int Classes = 3;

    public static ImageSet Images(int count, int seed = 1, double mislabelled = 0)
    {
        var random = new Random(seed);
        var pixels = new byte[count * 4];
        var labels = new int[count];
        for (var i = 0; i < count; i++)
        {
            random.NextBytes(pixels.AsSpan(i * 4, 4));
            var bright = i % Classes;
            for (var p = 0; p < 4; p++)
            {
                pixels[(i * 4) + p] /= (byte)(p == bright ? 1 : 3);
            }

            pixels[(i * 4) + bright] |= 0x80;
            labels[i] = random.NextDouble() < mislabelled ? (bright + 1) % Classes : bright;
        }

        return ImageSet.Create(pixels, labels, 1, 2, 2);
    }

    public static nn.Module<Tensor, Tensor> Network(int seed = 1, bool rectify = false)
    {
        manual_seed(seed);
        var network = nn.Sequential(nn.Flatten(), nn.Linear(4, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, Classes));
        if (rectify)
        {
            network.append(nn.ReLU());
        }

        return network;
    }

    public static byte[] Weights(nn.Module network) =>
        [.. network.state_dict().Values.SelectMany(tensor => tensor.bytes.ToArray())];
}
