using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.Tests.Export;
using MarginNet.Tests.Foreign;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class FeatureExtractorTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 12).Test;

    public static TheoryData<string> Architectures =>
        [.. Networks.Names, nameof(ConvNet), nameof(LipNet), nameof(OrthogonalNet), nameof(LiResNet)];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Scores_are_the_last_layer_of_the_features(string architecture)
    {
        using var scope = NewDisposeScope();
        using var model = Networks.Model(architecture, outputScale: 3);
        using var extractor = FeatureExtractor.Create(model.Network, model.ImageSize);
        var (features, scores) = (extractor.Extract(Images), model.Score(Images));
        Assert.Equal((Images.Count, extractor.Dimension), (features.Rows, features.Columns));
        Assert.Equal((scores.ClassCount, scores.ClassCount), (extractor.Weights.Rows, extractor.Bias.Length));
        var largest = Enumerable.Range(0, scores.Count).Max(i => scores[i].ToArray().Max(Math.Abs));
        for (var i = 0; i < scores.Count; i++)
        {
            var z = features.Row(i).ToArray();
            for (var c = 0; c < scores.ClassCount; c++)
            {
                var score = extractor.Bias[c] + extractor.Weights.Row(c).ToArray().Zip(z, (w, value) => w * value).Sum();
                Assert.Equal(scores[i][c], score, 1e-4 * largest);
            }
        }
    }

    [Fact]
    public void Features_of_averaged_scores_are_averaged()
    {
        using var network = new ResNet18(new() { Width = 2, OutputScale = 2 });
        network.Averaging = TestTimeAveraging.FlipShift;
        using var extractor = FeatureExtractor.Create(network, (32, 32));
        var (features, scores) = (extractor.Extract(Images), network.Score(Images));
        for (var c = 0; c < 10; c++)
        {
            var weights = extractor.Weights.Row(c).ToArray();
            Assert.Equal(scores[3][c], extractor.Bias[c] + features.Row(3).ToArray().Zip(weights, (z, w) => z * w).Sum(), 1e-4);
        }
    }

    [Fact]
    public void An_imported_graph_has_features_and_a_rectified_network_has_those_before_its_scores()
    {
        using var imported = MarginModel.Load(ForeignFiles.Committed["fixed.onnx"], ForeignFiles.Trained);
        using var extractor = FeatureExtractor.Create(imported.Network, imported.ImageSize);
        Assert.Equal(imported.ClassNames.Length, extractor.Weights.Rows);

        using var network = new FastNet(new() { Width = 4, Rectify = true });
        using var plain = FeatureExtractor.Create(network, (32, 32));
        var (features, scores) = (plain.Extract(Images), network.Score(Images));
        for (var c = 0; c < 10; c++)
        {
            var weights = plain.Weights.Row(c).ToArray();
            var score = plain.Bias[c] + features.Row(0).ToArray().Zip(weights, (z, w) => z * w).Sum();
            Assert.Equal(scores[0][c], Math.Max(0, score), 1e-4);
        }
    }

    [Fact]
    public void A_program_is_refused_and_told_what_has_features()
    {
        using var program = MarginModel.Load(ForeignFiles.Committed["traced.pt"], ForeignFiles.Trained);
        Assert.Contains("MarginNet trained", Assert.Throws<NotSupportedException>(
            () => FeatureExtractor.Create(program.Network, program.ImageSize)).Message);
    }
}
