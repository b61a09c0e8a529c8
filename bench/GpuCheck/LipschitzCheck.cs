using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Proven constants of networks that are on the CPU and on the device, and the radii by them.</summary>
internal static class LipschitzCheck
{
    private const double Tolerance = 1e-3;

    public static IEnumerable<Finding> Run(Device device, ImageSet images)
    {
        foreach (var name in new[] { "lipnet", "fastnet" })
        {
            using var network = Networks.CreateTrained(name, 8, images);
            var (cpu, cpuRadius) = Compute(network, images);
            network.to(device);
            var (found, radius) = Compute(network, images);
            yield return Close($"{name}, Lipschitz constant of the scores", cpu.Scores.Value, found.Scores.Value);
            yield return Close($"{name}, Lipschitz constant in l2", cpu.Euclidean.Value, found.Euclidean.Value);
            yield return Close($"{name}, mean certified radius", cpuRadius, radius);
        }
    }

    private static (LipschitzBounds Bounds, double MeanRadius) Compute(Classifier network, ImageSet images)
    {
        var bounds = LipschitzBounds.Compute(network, new(images.Channels, images.Height, images.Width));
        return (bounds, CertifiedRadius.Compute(network, images.Take(Math.Min(64, images.Count)), bounds).Average(one => one.Radius));
    }

    private static Finding Close(string what, double cpu, double found) =>
        new(what, Math.Abs(cpu - found) <= Tolerance * Math.Abs(cpu) ? "ok" : "failed")
        {
            Reference = cpu,
            Found = found,
            Note = FormattableString.Invariant($"to agree within {Tolerance}"),
        };
}
