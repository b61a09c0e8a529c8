using MarginNet.Foreign;
using MarginNet.Verification;

namespace MarginNet.Tests.Verification;

/// <summary>Properties of the competition on verification of which other tools found a counterexample, where they are beside the
/// repository.</summary>
public sealed class PublishedCounterexampleTests
{
    private static readonly string Folder = Repository.File("../shared/reference/verification");

    /// <summary>One of each kind: an alternative of outputs, one of several boxes, images in a row and with channels; some hard.</summary>
    [PublishedTheory]
    [InlineData("acasxu", "ACASXU_run2a_1_6_batch_2000", "prop_2")]
    [InlineData("acasxu", "ACASXU_run2a_1_9_batch_2000", "prop_7")]
    [InlineData("acasxu", "ACASXU_run2a_2_9_batch_2000", "prop_8")]
    [InlineData("mnist_fc", "mnist-net_256x2", "prop_2_0.03")]
    [InlineData("mnist_fc", "mnist-net_256x6", "prop_1_0.05")]
    [InlineData("oval21", "cifar_wide_kw", "cifar_wide_kw-img1909-eps0.0033986928104575162")]
    public void A_counterexample_is_found(string set, string networkName, string propertyName)
    {
        var property = VnnLib.Read(Path.Combine(Folder, set, "vnnlib", $"{propertyName}.vnnlib"));
        using var network = VerificationNetwork.Load(Path.Combine(Folder, set, "onnx", $"{networkName}.onnx"));
        var verdict = network.Verify(property, new() { TimeLimit = TimeSpan.FromMinutes(2) });
        Assert.Equal(Answer.Sat, verdict.Answer);
        Assert.True(property.IsViolatedBy(verdict.Input!.Value.AsSpan(), verdict.Output!.Value.AsSpan()));
    }

    [PublishedTheory]
    [InlineData("acasxu", 2, 5)]
    [InlineData("mnist_fc", 1, 784)]
    [InlineData("oval21", 1, 3072)]
    [InlineData("cifar10_resnet", 1, 3072)]
    public void All_properties_are_read(string set, int mostQueries, int inputs)
    {
        var files = Directory.GetFiles(Path.Combine(Folder, set, "vnnlib"));
        Assert.NotEmpty(files);
        foreach (var property in files.Select(VnnLib.Read))
        {
            Assert.Equal(inputs, property.InputCount);
            Assert.InRange(property.Queries.Length, 1, mostQueries);
            Assert.All(property.Queries, query => Assert.Null(FloatBox.Gap(query)));
        }
    }

    private sealed class PublishedTheoryAttribute : TheoryAttribute
    {
        public PublishedTheoryAttribute() => Skip = Directory.Exists(Folder) ? null : "../shared/reference/verification is not there.";
    }
}
