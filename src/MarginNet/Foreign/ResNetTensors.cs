namespace MarginNet.Foreign;

/// <summary>The names and shapes of a ResNet-18's tensors: known before a network is made, whose size is then that of the file.</summary>
internal static class ResNetTensors
{
    /// <summary>A counter that PyTorch before 0.4.1 did not keep, and that no score depends on.</summary>
    public const string Counter = "num_batches_tracked";

    /// <summary>torchvision's name for one of torchvision or of kuangliu/pytorch-cifar.</summary>
    public static string NameOf(string name) =>
        name.StartsWith("linear.", StringComparison.Ordinal)
            ? "fc." + name["linear.".Length..]
            : name.Replace(".shortcut.", ".downsample.", StringComparison.Ordinal);

    /// <summary>Whether a name is of one of a residual network's own modules.</summary>
    public static bool IsOwn(string name) =>
        NameOf(name).Split('.')[0] is "conv1" or "bn1" or "fc" or ['l', 'a', 'y', 'e', 'r', >= '0' and <= '9', ..];

    public static Dictionary<string, long[]> Shapes(long width, long channels, long classes, long kernel)
    {
        var shapes = new Dictionary<string, long[]>();
        AddConvolution("conv1", "bn1", width, channels, kernel);
        var (input, output) = (width, width);
        for (var stage = 1; stage <= 4; stage++, output *= 2)
        {
            AddBlock($"layer{stage}.0", input, output, hasDownsample: stage > 1);
            AddBlock($"layer{stage}.1", output, output, hasDownsample: false);
            input = output;
        }

        shapes["fc.weight"] = [classes, input];
        shapes["fc.bias"] = [classes];
        return shapes;

        void AddBlock(string block, long from, long to, bool hasDownsample)
        {
            AddConvolution($"{block}.conv1", $"{block}.bn1", to, from, 3);
            AddConvolution($"{block}.conv2", $"{block}.bn2", to, to, 3);
            if (hasDownsample)
            {
                AddConvolution($"{block}.downsample.0", $"{block}.downsample.1", to, from, 1);
            }
        }

        void AddConvolution(string convolution, string normalization, long to, long from, long size)
        {
            shapes[convolution + ".weight"] = [to, from, size, size];
            foreach (var vector in new[] { "weight", "bias", "running_mean", "running_var" })
            {
                shapes[$"{normalization}.{vector}"] = [to];
            }

            shapes[$"{normalization}.{Counter}"] = [];
        }
    }
}
