using MarginNet.ModelFiles;

namespace MarginNet.Tests.Foreign;

/// <summary>ONNX models whose weights lie in a file beside them, and files that only pretend to be such.</summary>
public sealed class ExternalWeightsTests : IDisposable
{
    private const int Bytes = 48; // Of weights [3, 4].

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Weights_beside_a_model_are_brought_into_it_whole()
    {
        using var model = MarginModel.Load(ProgramFiles.PathOf("beside.onnx"));
        Assert.InRange(ProgramFiles.Difference(model, "beside.onnx"), 0, ForeignFiles.Tolerance);
        model.Save(_folder["own.pt"]);
        using var own = MarginModel.Load(_folder["own.pt"]);
        Assert.InRange(ProgramFiles.Difference(own, "beside.onnx"), 0, ForeignFiles.Tolerance);
    }

    [Fact]
    public void A_file_in_a_folder_below_is_beside_the_model_and_so_is_a_link_that_stays_there()
    {
        Directory.CreateDirectory(_folder["data"]);
        WriteWeights("data/weights.bin");
        var expected = Scores(Load("data/weights.bin"));
        Assert.Equal(expected, Scores(Load("./data/weights.bin")));
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(_folder["link.bin"], "data/weights.bin");
            Assert.Equal(expected, Scores(Load("link.bin")));
        }
    }

    [Theory]
    [InlineData("../weights.bin")]
    [InlineData("data/../../weights.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\weights.bin")]
    [InlineData("..\\weights.bin")]
    [InlineData("")]
    public void A_file_elsewhere_is_not_followed(string location) => Refused(location, "not in its own folder and is not followed: keep " +
        "it beside the model, or save the model as one file: torch.onnx.export(..., external_data=False)");

    [Fact]
    public void A_link_that_leads_out_is_not_followed_wherever_in_the_path_it_is()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // Links need a privilege there.
        }

        using var outside = new TemporaryFolder();
        File.WriteAllBytes(outside["weights.bin"], new byte[Bytes]);
        File.CreateSymbolicLink(_folder["link.bin"], outside["weights.bin"]);
        Directory.CreateSymbolicLink(_folder["out"], outside.Path);
        File.CreateSymbolicLink(_folder["twice.bin"], "out/weights.bin");
        File.CreateSymbolicLink(_folder["round.bin"], "round.bin");
        Array.ForEach(["link.bin", "out/weights.bin", "twice.bin", "round.bin"], location => Refused(location, "is not followed"));
    }

    [Fact]
    public void A_missing_file_or_one_of_another_length_is_named()
    {
        Refused("weights.bin", "keeps weights in 'weights.bin', which is not beside it");
        File.WriteAllBytes(_folder["weights.bin"], new byte[Bytes - 1]);
        Refused("weights.bin", "47 bytes from byte 0, where its tensor needs 48 and the file has 47");
        WriteWeights("weights.bin");
        Refused("weights.bin", "where its tensor needs 48", ("offset", "1"));
        Refused("weights.bin", "where its tensor needs 48", ("length", "44"));
        Refused("weights.bin", "where its tensor needs 48", ("offset", "-1"), ("length", "48"));
        Refused("weights.bin", "where its tensor needs 48", ("offset", "9223372036854775807"), ("length", "48"));
        Refused("weights.bin", "keeps weights in 'weights.bin'", ("offset", "many"));
    }

    [Fact]
    public void A_file_used_again_and_again_takes_no_more_memory_than_a_few_times_its_length()
    {
        WriteWeights("weights.bin");
        File.WriteAllBytes(_folder["m.onnx"], OnnxFiles.Linked(new Dictionary<string, string> { ["location"] = "weights.bin" }, count: 5));
        var message = Assert.Throws<InvalidDataException>(() => MarginModel.Load(_folder["m.onnx"])).Message;
        Assert.Contains("several times what these files have", message, StringComparison.Ordinal);
    }

    private static float[] Scores(MarginModel model)
    {
        using (model)
        {
            return model.Score([.. Enumerable.Range(0, 3 * 16 * 16).Select(i => i / 768f)]);
        }
    }

    private void WriteWeights(string name) =>
        File.WriteAllBytes(_folder[name], [.. Enumerable.Range(0, Bytes / sizeof(float)).SelectMany(i => BitConverter.GetBytes(i / 7f))]);

    private MarginModel Load(string location, params (string Key, string Value)[] place)
    {
        var entries = place.Append(("location", location)).ToDictionary(entry => entry.Item1, entry => entry.Item2);
        File.WriteAllBytes(_folder["m.onnx"], OnnxFiles.Linked(entries));
        return MarginModel.Load(_folder["m.onnx"]);
    }

    private void Refused(string location, string reason, params (string Key, string Value)[] place)
    {
        var message = Assert.Throws<InvalidDataException>(() => Load(location, place).Dispose()).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.StartsWith($"'{_folder["m.onnx"]}' is not a model this MarginNet can use. ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
