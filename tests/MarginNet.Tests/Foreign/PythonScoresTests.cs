using System.Globalization;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

/// <summary>Scores of networks that Python trained, beside Python's own.</summary>
public sealed class PythonScoresTests
{
    private static readonly (string File, string Scores)[] Models =
    [
        ("torchvision.pt", "torchvision"), ("cifar_stem.pt", "cifar_stem"), ("kuangliu.pt", "kuangliu"),
        ("traced.pt", "small"), ("scripted.pt", "small"), ("fixed.onnx", "small"), ("dynamic.onnx", "small"),
    ];

    public static TheoryData<string, string> Files
    {
        get
        {
            var data = new TheoryData<string, string>();
            Array.ForEach(Models, model => data.Add(model.File, model.Scores));
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_model_of_another_program_gives_the_scores_that_it_gives_there(string file, string scores) =>
        Assert.InRange(ForeignFiles.Committed.Difference(file, scores), 0, ForeignFiles.Tolerance);

    [PythonFact]
    public void So_do_models_that_Python_writes_now()
    {
        using var folder = new TemporaryFolder();
        var files = ForeignFiles.MakeIn(folder.Path, seed: 2);
        Assert.All(Models, model => Assert.InRange(files.Difference(model.File, model.Scores), 0, ForeignFiles.Tolerance));
    }

    [Theory]
    [InlineData("traced.pt")]
    [InlineData("scripted.pt")]
    public void The_gradients_of_a_TorchScript_program_in_its_images_are_those_of_Python(string file)
    {
        using var scope = NewDisposeScope();
        using var model = MarginModel.Load(ForeignFiles.Committed[file], ForeignFiles.Trained);
        var images = ForeignFiles.Committed.Images(file).requires_grad_();
        autograd.backward([model.Network.call(images).select(1, 0).sum()], inputs: [images]);
        var expected = ForeignFiles.Committed.Expected("small_gradient");
        Assert.True(expected.abs().max().item<float>() > 1e-3);
        Assert.InRange((images.grad! - expected).abs().max().item<float>(), 0, 1e-6);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_model_read_from_another_program_is_the_same_once_it_is_kept_as_ours(string file, string scores)
    {
        using var folder = new TemporaryFolder();
        string[] names = [.. Enumerable.Range(0, (int)ForeignFiles.Committed.Expected(scores).shape[1])
            .Select(c => c.ToString("x4", CultureInfo.InvariantCulture))];
        using var foreign = MarginModel.Load(ForeignFiles.Committed[file], ForeignFiles.For(file) with { ClassNames = [.. names] });
        Assert.True(foreign.IsForeign);
        foreign.Save(folder["m.pt"]);
        using var own = MarginModel.Load(folder["m.pt"], new LoadOptions { TrustTorchScript = true });
        Assert.False(own.IsForeign);
        Assert.Equal<string>(names, own.ClassNames);
        Assert.Equal(foreign.ImageSize, own.ImageSize);
        var pixels = new float[3 * own.ImageSize.Height * own.ImageSize.Width];
        Array.Fill(pixels, 0.25f);
        Assert.Equal(foreign.Score(pixels), own.Score(pixels));
    }
}
