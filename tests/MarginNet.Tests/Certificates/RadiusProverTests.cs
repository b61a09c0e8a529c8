using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using static TorchSharp.torch;

namespace MarginNet.Tests.Certificates;

public sealed class RadiusProverTests
{
    [Fact]
    public void Radii_by_Lipschitz_constants_are_the_certified_ones_of_a_batch_or_one_by_one()
    {
        using var scope = NewDisposeScope();
        var (network, images) = (Network(), SyntheticShapes.Create().Test.Take(20));
        var prover = RadiusProver.Create(RadiusProver.Lipschitz, network, new(3, 32, 32));
        var scores = network.Score(images);
        var radii = prover.Radii(scores, images);
        var bounds = LipschitzBounds.Compute(network, new(3, 32, 32));
        Assert.Equal(CertifiedRadius.Compute(scores, images, bounds).Select(certified => certified.Radius), radii);
        Assert.Contains(radii, radius => radius > 0);
        float[] pixels = [.. images.Pixels(3).ToArray().Select(value => value / 255f)];
        Assert.Equal(radii[3], prover.Radius(scores[3], pixels));
        Assert.Throws<ArgumentException>(() => prover.Radii(scores, images.Take(19)));
    }

    [Fact]
    public void An_unknown_method_or_layer_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        Assert.Contains(
            "but got 'guess'", Assert.Throws<ArgumentException>(() => RadiusProver.Create("guess", Network(), new(3, 32, 32))).Message,
            StringComparison.Ordinal);
        var network = nn.Sequential(("dense", nn.Linear(2, 2)), ("gate", nn.Softmax(1)));
        Assert.Contains(
            "'gate'", Assert.Throws<NotSupportedException>(() => RadiusProver.Create(RadiusProver.Lipschitz, network, new(2))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_file_remembers_what_its_radii_are_of_and_another_weight_is_seen()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var path = folder["m.pt"];
        using (var model = new MarginModel(Network(), SyntheticShapes.ClassNames, (32, 32)))
        {
            var margins = Enumerable.Range(1, 60).Select(i => i / 10.0).ToArray();
            var classes = Enumerable.Range(0, 60).Select(i => i % 10).ToArray();
            model.NullModel = MarginNullModel.Fit(
                margins, classes, classes, 10, new() { MinSamples = 4, FitTestDraws = 0, Radii = Origin(model.Network) });
            model.Save(path);
        }

        using var read = MarginModel.Load(path);
        Assert.True(read.NullModel!.Radii!.IsLike(Origin(read.Network)));
        using (no_grad())
        {
            read.Network.parameters().First().mul_(1.001);
        }

        Assert.False(read.NullModel.Radii.IsLike(Origin(read.Network)));
    }

    private static RadiusOrigin Origin(Classifier network)
    {
        var prover = RadiusProver.Create(RadiusProver.Lipschitz, network, new(3, 32, 32));
        return new(prover.Method, prover.Network, prover.Constant);
    }

    private static LipNet Network()
    {
        manual_seed(4);
        return new(new() { Width = 12, ImageSize = (32, 32) });
    }
}
