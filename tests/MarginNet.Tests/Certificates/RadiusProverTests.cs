using MarginNet.Attacks;
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

    [Theory]
    [InlineData("interval", CertificateMethod.Interval, AttackNorm.Linf, true)]
    [InlineData("crown-ibp", CertificateMethod.CrownIbp, AttackNorm.Linf, true)]
    [InlineData("fast-lin", CertificateMethod.FastLin, AttackNorm.L2, true)]
    [InlineData("fast-lip", CertificateMethod.FastLip, AttackNorm.L1, false)]
    [InlineData("crown", CertificateMethod.Crown, AttackNorm.L2, false)]
    [InlineData("alpha-crown", CertificateMethod.AlphaCrown, AttackNorm.Linf, false)]
    public void Radii_in_balls_are_those_of_the_method_and_of_each_sample_alone(
        string name, CertificateMethod method, AttackNorm norm, bool isCut)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        var network = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3));
        var pixels = new byte[8 * 16];
        new Random(3).NextBytes(pixels);
        var images = ImageSet.Create(pixels, new int[8], 1, 4, 4);
        using var prover = RadiusProver.Create(name, network, new(1, 4, 4), norm, isCut);
        Assert.Equal((name, norm, isCut), (prover.Method, prover.Norm, prover.IsCut));
        var scores = network.Score(images);
        var radii = prover.Radii(scores, images);
        var expected = LocalCertificates.Compute(network, images, new() { Method = method, Norm = norm, IsCut = isCut });
        Assert.All(radii.Zip(expected), pair => Assert.InRange(pair.First, pair.Second.Radius / 1.01, pair.Second.Radius * 1.011));
        Assert.Contains(radii, radius => radius > 0);
        for (var i = 0; i < images.Count; i += 3)
        {
            float[] own = [.. images.Pixels(i).ToArray().Select(value => value / 255f)];
            Assert.InRange(prover.Radius(scores[i], own), radii[i] / 1.0011, radii[i] * 1.0011);
            own[0] = 1.5f; // No point of the box.
            Assert.True(!isCut || prover.Radius(scores[i], own) == 0);
            own[0] = float.NaN;
            Assert.Throws<ArgumentException>(() => prover.Radius(scores[0], own));
        }

        Assert.Throws<ArgumentException>(() => prover.Radius([1, 2], new float[16]));
        Assert.Throws<ArgumentException>(() => RadiusProver.Create(RadiusProver.Lipschitz, network, new(1, 4, 4), AttackNorm.Linf));
        Assert.Throws<ArgumentException>(() => RadiusProver.Create("complete", network, new(1, 4, 4)));
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
