using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Detection;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>How far images have to be moved until an attack has them misclassified: the other side of a certified radius,
/// which it is never below.</summary>
public static class AttackedDistance
{
    /// <summary>Attacks at some distances in increasing order, each time what is still classified rightly: an image that is
    /// misclassified at one distance is so within any larger one.</summary>
    /// <param name="network">The network.</param>
    /// <param name="images">Images, each with its label.</param>
    /// <param name="epsilons">The distances ε, finite and at least 0, in any order.</param>
    /// <param name="attack">The attack; null for <see cref="SoundnessCheck.DefaultAttack"/>. Its ε has no effect.</param>
    /// <param name="progress">Told each distance when its attack has ended.</param>
    /// <param name="cancellation">Stops between the steps of the attack.</param>
    /// <returns>For each image 0 where it is misclassified as it is, else the least of the distances at which the attack succeeds,
    /// or +∞ where it does at none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A distance is negative or not finite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static double[] Compute(
        nn.Module<Tensor, Tensor> network,
        ImageSet images,
        ReadOnlySpan<double> epsilons,
        AttackOptions? attack = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        var distances = new double[images.Count];
        int[] right = [.. Enumerable.Range(0, images.Count)];
        foreach (var epsilon in new SortedSet<double>([0, .. epsilons]))
        {
            if (right.Length > 0)
            {
                var options = (attack ?? SoundnessCheck.DefaultAttack) with
                {
                    Epsilon = epsilon,
                    Steps = epsilon == 0 ? 1 : (attack ?? SoundnessCheck.DefaultAttack).Steps,
                };
                var left = images.Select(right);
                var (classes, _) = Attack.RunExactly(network, left, options, cancellation).AttackedScores.Decisions();
                for (var i = 0; i < classes.Length; i++)
                {
                    distances[right[i]] = classes[i] == left.Labels[i] ? double.PositiveInfinity : epsilon;
                }

                right = [.. right.Where(i => double.IsPositiveInfinity(distances[i]))];
            }

            progress?.Report(epsilon);
        }

        return distances;
    }

    /// <summary>The share of images that are classified rightly, and remain so under the attacks up to a distance.</summary>
    /// <param name="distances">What <see cref="Compute"/> returned.</param>
    /// <param name="epsilon">One of its distances, or 0.</param>
    public static Proportion Accuracy(ReadOnlySpan<double> distances, double epsilon)
    {
        var count = 0;
        foreach (var distance in distances)
        {
            count += distance > epsilon ? 1 : 0;
        }

        return new(count, distances.Length);
    }
}
