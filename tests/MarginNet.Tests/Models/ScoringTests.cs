using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class ScoringTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 50).Test;

    [Fact]
    public void Scores_are_the_networks_own_in_evaluation_mode_whatever_the_batch_size()
    {
        using var network = Network();
        network.train();
        var whole = network.Score(Images, batchSize: 50);
        Assert.True(network.training);
        var parts = network.Score(Images, batchSize: 7);
        network.eval();
        using var input = Images.ToTensor([11]);
        using var alone = network.forward(input);
        for (var c = 0; c < 10; c++)
        {
            Assert.Equal(alone[0, c].item<float>(), whole[11][c], 1e-4f);
            Assert.Equal(whole[11][c], parts[11][c], 1e-4f);
        }
    }

    [Fact]
    public void Scoring_from_eight_threads_gives_the_same_bytes_as_from_one()
    {
        using var network = Network();
        network.eval();
        var expected = network.Score(Images);
        var all = new MarginNet.Margins.ScoreMatrix[8];
        using var together = new Barrier(all.Length);
        var threads = Array.ConvertAll([.. Enumerable.Range(0, all.Length)], i => new Thread(() =>
        {
            together.SignalAndWait();
            all[i] = network.Score(Images, batchSize: 10);
            all[i] = network.Score(Images);
        }));
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(all, scores =>
        {
            for (var i = 0; i < Images.Count; i++)
            {
                Assert.Equal(expected[i], scores[i]);
            }
        });
    }

    [Fact]
    public void Scoring_leaves_no_tensors_behind()
    {
        using var network = Network();
        network.Score(Images);
        Assert.Equal(0, LiveTensors.LeftBy(() => network.Score(Images, batchSize: 8)));
    }

    [Fact]
    public void A_network_whose_weights_are_not_finite_is_an_error_that_names_the_image()
    {
        using var network = Network();
        using (no_grad())
        {
            network.parameters().Last().fill_(float.NaN);
        }

        Assert.Contains(
            "image 0 the score NaN", Assert.Throws<InvalidDataException>(() => network.Score(Images)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_is_told_and_cancelling_stops_between_batches()
    {
        using var network = Network();
        using var source = new CancellationTokenSource();
        var seen = new List<int>();
        var progress = new Recorder(count =>
        {
            seen.Add(count);
            source.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => network.Score(Images, 20, progress, source.Token));
        Assert.Equal([20], seen);
    }

    [Fact]
    public void A_set_too_large_to_move_at_once_has_the_bytes_of_each_batch_alone()
    {
        const int Count = 300, Batch = 64, Side = 256; // 59 MB.
        var pixels = new byte[Count * 3 * Side * Side];
        new Random(5).NextBytes(pixels);
        var images = ImageSet.Create(pixels, new int[Count], 3, Side, Side);
        using var network = new Means();
        var seen = new List<int>();

        var scores = network.Score(images, Batch, new Recorder(seen.Add));

        Assert.Equal([64, 128, 192, 256, 300], seen);
        for (var start = 0; start < Count; start += Batch)
        {
            int[] indices = [.. Enumerable.Range(start, Math.Min(Batch, Count - start))];
            using var input = images.ToTensor(indices);
            using var alone = network.forward(input);
            var expected = ScoreMatrix.FromTensor(alone);
            Assert.All(indices, index => Assert.Equal(expected[index - start].ToArray(), scores[index].ToArray()));
        }
    }

    private static ResNet18 Network()
    {
        manual_seed(41);
        return new ResNet18(new() { Width = 4 });
    }

    /// <summary>The mean of each channel.</summary>
    private sealed class Means() : nn.Module<Tensor, Tensor>(nameof(Means))
    {
        public override Tensor forward(Tensor input) => input.mean([2, 3]);
    }

    private sealed class Recorder(Action<int> action) : IProgress<int>
    {
        public void Report(int value) => action(value);
    }
}
