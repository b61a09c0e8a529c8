using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Scores of every architecture, and the gradients of a loss in its weights and in the images.</summary>
internal static class NetworkCheck
{
    private const double ScoreRounding = 1e-4;

    /// <summary>Rounding opens and closes gates of ReLUs and maxima, in float32 on the CPU just as well.</summary>
    private const double GradientRounding = 5e-3;

    public static IEnumerable<Finding> Run(Device device, ImageSet images, int width)
    {
        foreach (var name in Networks.Names)
        {
            using var scope = NewDisposeScope();
            using var network = Networks.CreateTrained(name, Math.Min(width, name == "lipnet" ? 16 : width), images.Take(128));
            var batch = images.Take(Math.Min(64, images.Count));
            var onCpu = Compute(network, batch, CPU, ScalarType.Float32);
            var own = network.Score(batch);
            var onDevice = Compute(network, batch, device, ScalarType.Float32);
            var ownOnDevice = network.Score(batch);
            var exact = Compute(network, batch, CPU, ScalarType.Float64);
            yield return Deviation.Compare($"{name}, scores", exact.Scores, onCpu.Scores, onDevice.Scores, ScoreRounding);
            yield return Deviation.Compare(
                $"{name}, scores of a set", exact.Scores, ToTensor(own), ToTensor(ownOnDevice), ScoreRounding);
            yield return Deviation.Compare(
                $"{name}, gradient in the images", exact.InImages, onCpu.InImages, onDevice.InImages, GradientRounding);
            yield return Deviation.Compare(
                $"{name}, gradient in the weights", exact.InWeights, onCpu.InWeights, onDevice.InWeights, GradientRounding);
        }
    }

    private static Tensor ToTensor(Margins.ScoreMatrix scores) =>
        tensor(Enumerable.Range(0, scores.Count).SelectMany(i => scores[i].ToArray()).ToArray(), [scores.Count, scores.ClassCount]);

    private static (Tensor Scores, Tensor InImages, Tensor InWeights) Compute(
        Classifier network, ImageSet images, Device device, ScalarType type)
    {
        network.zero_grad(set_to_none: true);
        network.to(device).to(type);
        network.eval();
        int[] all = [.. Enumerable.Range(0, images.Count)];
        var x = images.ToTensor(all).to(type).to(device).detach().requires_grad_();
        var labels = images.LabelTensor(all, device);
        var scores = network.call(x);
        MarginLoss.ShiftedSoftmax.Compute(scores, labels, tensor(5.0, dtype: type, device: device)).mean().backward();
        var gradients = network.parameters()
            .Where(parameter => parameter.grad is not null)
            .Select(parameter => parameter.grad!.reshape(-1).cpu())
            .ToArray();
        var result = (scores.detach().cpu(), x.grad!.cpu(), cat(gradients));
        network.zero_grad(set_to_none: true);
        return result;
    }
}
