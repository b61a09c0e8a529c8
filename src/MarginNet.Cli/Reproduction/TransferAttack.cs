using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Reproduction;

/// <summary>FGSM that follows one network's gradients, shown to several networks: each image is attacked once, and not stored.</summary>
internal static class TransferAttack
{
    /// <summary>Scores the attacked images, in single precision and clipped to [0, 1].</summary>
    /// <param name="surrogate">The network whose gradients are followed.</param>
    /// <param name="networks">The networks that see the images, on the same device; all in evaluation mode.</param>
    /// <param name="images">All of them are attacked, the misclassified included.</param>
    /// <param name="epsilon">The largest change of a pixel.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>The scores of each network, and the number of images that the attack left as they were since
    /// their gradient is exactly zero.</returns>
    public static (ScoreMatrix[] Scores, int Unmoved) Score(
        nn.Module<Tensor, Tensor> surrogate, IReadOnlyList<nn.Module<Tensor, Tensor>> networks, ImageSet images, double epsilon,
        CancellationToken cancellation)
    {
        var device = surrogate.parameters().First().device;
        var rows = networks.Select(_ => new List<float>()).ToArray();
        var unmoved = 0L;
        var classes = 0;
        using var inference = no_grad();
        for (var start = 0; start < images.Count; start += Scoring.DefaultBatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            int[] batch = [.. Enumerable.Range(start, Math.Min(Scoring.DefaultBatchSize, images.Count - start))];
            var pixels = images.ToTensor(batch, device);
            var attacked = Fgsm.Perturb(surrogate, pixels, images.LabelTensor(batch, device), epsilon);
            unmoved += attacked.eq(pixels).flatten(1).all(1).sum().item<long>();
            for (var i = 0; i < rows.Length; i++)
            {
                var scores = networks[i].Score(images.Select(batch), (_, _) => attacked, batch.Length, cancellation: cancellation);
                classes = scores.ClassCount;
                for (var k = 0; k < scores.Count; k++)
                {
                    rows[i].AddRange(scores[k]);
                }
            }
        }

        return (Array.ConvertAll(rows, values => new ScoreMatrix([.. values], classes)), (int)unmoved);
    }
}
