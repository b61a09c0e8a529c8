using MarginNet.Attacks;
using MarginNet.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Every attack on the same network, on the CPU and on the device.</summary>
internal static class AttackCheck
{
    private const double AccuracyTolerance = 0.02;

    public static IEnumerable<Finding> Run(Device device, ImageSet images, ImageSet attacked, int width)
    {
        using var network = Networks.CreateTrained("fastnet", width, images);
        foreach (var method in Enum.GetValues<AttackMethod>())
        {
            foreach (var norm in Enum.GetValues<AttackNorm>())
            {
                foreach (var objective in Enum.GetValues<AttackObjective>())
                {
                    var options = new AttackOptions
                    {
                        Method = method,
                        Norm = norm,
                        Objective = objective,
                        Epsilon = norm == AttackNorm.Linf ? 2 / 255.0 : 0.25,
                        Restarts = method == AttackMethod.Pgd ? 2 : 1,
                    };
                    network.to(CPU);
                    var onCpu = Attack.Run(network, attacked, options);
                    network.to(device);
                    var onDevice = Attack.Run(network, attacked, options);
                    var name = $"{method} in {norm} up the {objective}";
                    var (cpu, found) = (onCpu.AttackedScores.Accuracy(attacked.Labels), onDevice.AttackedScores.Accuracy(attacked.Labels));
                    yield return new($"{name}, accuracy", Math.Abs(cpu - found) <= AccuracyTolerance ? "ok" : "failed")
                    {
                        Reference = cpu,
                        Found = found,
                        Note = FormattableString.Invariant(
                            $"{onCpu.CleanScores.Accuracy(attacked.Labels):p1} before, to agree within {AccuracyTolerance}"),
                    };
                    yield return Finding.AtMost(
                        options.Epsilon * (1 + 1e-4), $"{name}, change", Change(attacked, onDevice, norm), Change(attacked, onCpu, norm));
                }
            }
        }
    }

    /// <summary>The largest change of an image.</summary>
    private static double Change(ImageSet before, AttackResult after, AttackNorm norm)
    {
        var largest = 0.0;
        for (var i = 0; i < before.Count; i++)
        {
            var pixels = before.Pixels(i);
            var changed = after.Images[i];
            var (most, squares, sum) = (0.0, 0.0, 0.0);
            for (var at = 0; at < pixels.Length; at++)
            {
                var difference = Math.Abs(changed[at] - (pixels[at] / 255.0));
                (most, squares, sum) = (Math.Max(most, difference), squares + (difference * difference), sum + difference);
            }

            largest = Math.Max(largest, norm switch
            {
                AttackNorm.Linf => most,
                AttackNorm.L1 => sum,
                _ => Math.Sqrt(squares),
            });
        }

        return largest;
    }
}
