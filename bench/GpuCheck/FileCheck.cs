using MarginNet.Data;
using MarginNet.ModelFiles;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Model files that one device writes and the other reads.</summary>
internal static class FileCheck
{
    public static IEnumerable<Finding> Run(Device device, ImageSet images)
    {
        var folder = Directory.CreateTempSubdirectory("gpu-check-").FullName;
        try
        {
            foreach (var name in Networks.Names)
            {
                var (onCpu, onDevice) = (Path.Combine(folder, $"{name}-cpu.pt"), Path.Combine(folder, $"{name}-device.pt"));
                using var model = new MarginModel(
                    Networks.CreateTrained(name, 8, images), SyntheticShapes.ClassNames, (images.Height, images.Width));
                model.Save(onCpu);
                model.Network.to(device);
                model.Save(onDevice);
                yield return Finding.Holds(
                    File.ReadAllBytes(onCpu).AsSpan().SequenceEqual(File.ReadAllBytes(onDevice)),
                    $"{name}, a file written by either", "the same bytes");
                using var fromDevice = MarginModel.Load(onDevice, CPU);
                using var fromCpu = MarginModel.Load(onCpu, device);
                yield return Finding.Holds(
                    IsSame(model, fromDevice) && IsSame(model, fromCpu), $"{name}, weights read by the other", "the same bytes");
                yield return Finding.Holds(
                    fromCpu.Device.type == device.type && fromDevice.Device.type == CPU.type, $"{name}, read to where it is asked for");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsSame(MarginModel first, MarginModel second)
    {
        var (one, two) = (first.Network.state_dict(), second.Network.state_dict());
        return one.Count == two.Count && one.All(entry => entry.Value.cpu().equal(two[entry.Key].cpu()).all().item<bool>());
    }
}
