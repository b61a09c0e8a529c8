using System.Globalization;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.DriftBench;

/// <summary>The margins of a network on images as they are, brighter or blurred.</summary>
internal static class Margins
{
    public static readonly Dictionary<string, Func<Tensor, Tensor>> Changes = new()
    {
        ["none"] = images => images.alias(),
        ["brighter"] = images => (images + 0.2).clamp_(0, 1),
        ["blurred"] = images => nn.functional.avg_pool2d(images, 3, 1, 1, count_include_pad: false),
    };

    public static void Write(string model, string[] folders, string change, string path)
    {
        using var loaded = MarginModel.Load(model);
        var images = ImageFolder.ReadImages(
            [.. folders.SelectMany(folder => Directory.EnumerateFiles(folder)).Order(StringComparer.Ordinal)]);
        var scores = loaded.Network.Score(images.WithLabels(new int[images.Count]), (batch, _) => Changes[change](batch));
        File.WriteAllLines(path, Enumerable.Range(0, scores.Count).Select(
            i => DecisionMargin.Compute(scores[i]).Margin.ToString("r", CultureInfo.InvariantCulture)).Prepend("margin"));
    }
}
