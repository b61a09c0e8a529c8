using System.Runtime.InteropServices;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Networks, images and their scores as files, for peer.py to compute the same by PyTorch.</summary>
internal static class Exchange
{
    private const int Images = 256;

    public static IEnumerable<Finding> Write(Device device, ImageSet images, int width, string folder)
    {
        Directory.CreateDirectory(folder);
        var scored = images.Take(Math.Min(Images, images.Count));
        File.WriteAllBytes(
            Path.Combine(folder, "images.bin"), [.. Enumerable.Range(0, scored.Count).SelectMany(i => scored.Pixels(i).ToArray())]);
        foreach (var name in new[] { "resnet18", "fastnet" })
        {
            using var model = new MarginModel(
                Networks.CreateTrained(name, width, images), SyntheticShapes.ClassNames, (images.Height, images.Width));
            model.Network.to(device);
            model.Save(Path.Combine(folder, $"{name}.pt"));
            var scores = model.Network.Score(scored);
            File.WriteAllBytes(
                Path.Combine(folder, $"{name}.scores.bin"),
                [.. Enumerable.Range(0, scores.Count).SelectMany(i => MemoryMarshal.AsBytes(scores[i]).ToArray())]);
            yield return new($"{name}, files for PyTorch", "ok");
        }
    }
}
