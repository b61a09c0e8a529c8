using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>The symbols of the installed PyTorch, and that it loads and computes.</summary>
internal static class LoadCheck
{
    public static IEnumerable<Finding> Symbols(string? path)
    {
        if (path is null)
        {
            yield return new("an installed PyTorch", "note") { Note = "none was asked for: LibTorch is that of the package" };
            yield break;
        }

        var watch = Stopwatch.StartNew();
        var installation = TorchInstallation.Open(path);
        yield return Finding.AtMost(
            0, "symbols missing", installation.MissingSymbols.Length, null,
            string.Create(
                CultureInfo.InvariantCulture,
                $"of {installation.NeededSymbols.Length}, PyTorch {installation.Version} in {installation.Folder}, "
                + $"looked for in {watch.Elapsed.TotalSeconds:f1} s"));
    }

    public static IEnumerable<Finding> Load(string? path, Func<Device> select)
    {
        var watch = Stopwatch.StartNew();
        if (path is not null)
        {
            TorchNative.Use(TorchInstallation.Open(path), anyVersion: true);
        }

        TorchNative.Load();
        yield return new("load, seconds", "ok") { Found = watch.Elapsed.TotalSeconds, Note = TorchNative.Library };
        watch.Restart();
        var device = select();
        using var ones = torch.ones([256, 256], device: device);
        var sum = ones.mm(ones).sum().cpu().item<float>();
        yield return Finding.Holds(sum == 256f * 256 * 256, "a first product", FormattableString.Invariant(
            $"on {device}, after {watch.Elapsed.TotalSeconds:f1} s; {(device.type == DeviceType.CUDA ? cuda.device_count() : 0)} GPUs"));
    }
}
