using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Graph.Modules;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class MirroredNetworkTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 20).Test;
    private static readonly FeatureShape Shape = new(Images.Channels, Images.Height, Images.Width);

    [Fact]
    public void Scores_are_the_mean_of_those_of_each_image_and_its_mirror_image()
    {
        using var network = Create();
        var mean = network.Score(Images);
        using var plain = (LipNet)network.Network;
        plain.Averaging = TestTimeAveraging.Flip;
        Assert.Equal(Rows(plain.Score(Images)), Rows(mean));
        Assert.Equal(Rows(mean), Rows(network.Score(Images, (pixels, _) => pixels.flip(-1))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void It_begins_in_the_mode_of_the_network(bool isTraining)
    {
        var network = new LipNet();
        network.train(isTraining);
        using var mean = new MirroredNetwork(network);
        Assert.Equal((isTraining, isTraining), (mean.training, network.training));
    }

    [Fact]
    public void The_graph_computes_the_same()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var network = Create();
        network.eval();
        var images = Images.ToTensor([.. Enumerable.Range(0, Images.Count)], CPU);
        var graph = ModuleReader.Read(network, Shape);
        var scores = graph.Run(images, [.. graph.Parameters.Select(parameter => parameter.Value)], isTraining: false);
        Assert.True(scores.allclose(network.call(images), rtol: 1e-4, atol: 1e-5));
    }

    [Fact]
    public void Constants_are_the_networks_own_and_rounding_costs_a_little_more()
    {
        using var network = Create();
        var (own, mean) = (LipschitzBounds.Compute(network.Network, Shape), LipschitzBounds.Compute(network, Shape));
        Assert.Equal((own.Scores, own.Euclidean, own.PairSum), (mean.Scores, mean.Euclidean, mean.PairSum));
        var ((less, slower), (more, faster)) = (own.Forward.Pair(0, 1, 10), mean.Forward.Pair(0, 1, 10));
        Assert.InRange(more, less * (1 + 1e-9), less * 1.5);
        Assert.InRange(faster, slower * (1 + 1e-9), slower * 1.5);
    }

    [Fact]
    public void Bounds_of_the_one_are_not_taken_for_those_of_the_other()
    {
        using var network = Create();
        var (own, mean) = (LipschitzBounds.Compute(network.Network, Shape), LipschitzBounds.Compute(network, Shape));
        Assert.True(mean.IsOf(network));
        Assert.False(mean.IsOf(network.Network));
        Assert.False(own.IsOf(network));
    }

    [Fact]
    public void No_attack_breaks_its_certificates_by_constants_or_by_bounds_in_balls()
    {
        using var network = Create();
        var radii = CertifiedRadius.Compute(network, Images, LipschitzBounds.Compute(network, Shape));
        Assert.All(radii, radius => Assert.True(radius.Radius > 0));
        Assert.Empty(SoundnessCheck.Run(network, Images, radii));
        var local = LocalCertificates.Compute(network, Images, new() { Method = CertificateMethod.Interval }, [0.01], radii);
        Assert.All(local.Zip(radii), pair => Assert.True(pair.First.Radius >= pair.Second.Radius));
        Assert.Empty(SoundnessCheck.Run(network, Images, local));
    }

    private static MirroredNetwork Create()
    {
        manual_seed(1);
        return new(new LipNet(new() { ImageSize = (Images.Height, Images.Width), Width = 12 }));
    }

    private static float[][] Rows(ScoreMatrix scores) => [.. Enumerable.Range(0, scores.Count).Select(i => scores[i].ToArray())];
}
