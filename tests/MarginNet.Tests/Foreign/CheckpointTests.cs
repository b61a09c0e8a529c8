using System.IO.Compression;
using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Tests.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

/// <summary>Residual networks in the files of training scripts, with all that such files hold beside them.</summary>
public sealed class CheckpointTests : IDisposable
{
    // What a pickle says to make objects that no state dict needs; each is a key and a value.
    private static readonly (string Name, byte[] Items)[] Strangers =
    [
        ("collections.Counter", [.. Pickle.Text("scheduler"), .. Pickle.Global("collections", "Counter"), .. Pickle.Raw("}("),
            .. Pickle.Int(3), .. Pickle.Int(1), .. Pickle.Raw("u\u0085R")]),
        ("argparse.Namespace", [.. Pickle.Text("args"), .. Pickle.Global("argparse", "Namespace"), .. Pickle.Raw(")\u0081}("),
            .. Pickle.Text("lr"), .. Pickle.Int(1), .. Pickle.Raw("ub")]),
        ("a numpy scalar", [
            .. Pickle.Text("best"), .. Pickle.Global("numpy.core.multiarray", "scalar"), .. Pickle.Global("numpy", "dtype"),
            .. Pickle.Text("f8"), .. Pickle.Raw("\u0089\u0088\u0087R("),
            .. Pickle.Int(3), .. Pickle.Text("<"), .. Pickle.Raw("NNN"), .. Pickle.Int(-1), .. Pickle.Int(-1), .. Pickle.Int(0),
            .. Pickle.Raw("tb"),
            .. Pickle.Global("_codecs", "encode"), .. Pickle.Text("abcdefgh"), .. Pickle.Text("latin1"), .. Pickle.Raw("\u0086R\u0086R"),
        ]),
        ("an OrderedDict of another class", [.. Pickle.Text("log"), .. Pickle.Global("training.log", "Log"), .. Pickle.Raw(")R("),
            .. Pickle.Text("loss"), .. Pickle.Int(1), .. Pickle.Raw("u")]),
        ("a defaultdict with keys of any kind", [.. Pickle.Text("seen"), .. Pickle.Global("collections", "defaultdict"),
            .. Pickle.Global("builtins", "int"), .. Pickle.Raw("\u0085R("), .. Pickle.Raw(")N"), .. Pickle.Raw("NNu")]),
        ("bytes, a set and an integer of 16 bytes", [.. Pickle.Text("rng"), .. Pickle.Raw("(C\u0002abB\u0001\0\0\0c\u008f("),
            .. Pickle.Int(1), .. Pickle.Raw("\u0090\u008a\u0010"), .. new byte[16], .. Pickle.Raw("t")]),
        ("keyword arguments", [.. Pickle.Text("config"), .. Pickle.Global("omega", "Config"), .. Pickle.Raw(")}\u0092")]),
        ("a tensor of complex numbers", [
            .. Pickle.Text("fft"), .. Pickle.Global("torch._utils", "_rebuild_tensor_v2"), .. Pickle.Mark,
            .. Pickle.Storage("ComplexFloatStorage", "0", 1), .. Pickle.Int(0), .. Pickle.Integers(1),
            .. Pickle.Integers(1), .. Pickle.False, .. Pickle.Global("collections", "OrderedDict"), .. Pickle.Raw(")R"), .. Pickle.Tuple,
            .. Pickle.Reduce,
        ]),
        ("a call of the system", [.. Pickle.Text("payload"), .. Pickle.Global("posix", "system"), .. Pickle.Text("touch hostile-was-here"),
            .. Pickle.Raw("\u0085R")]),
    ];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Strangers.Select(stranger => stranger.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("module.")]
    [InlineData("ema.")]
    [InlineData("module.model.")]
    [InlineData("model._orig_mod.backbone.")]
    public void What_all_tensors_of_the_network_share_is_taken_off_and_the_rest_is_reported(string prefix)
    {
        var expected = Scores(Write(State()));
        var state = State().ToDictionary(entry => prefix + entry.Key, entry => entry.Value);
        state["n_averaged"] = new StoredTensor(ScalarType.Int64, [], new byte[8]);
        state["criterion.weight"] = Floats(10);
        state["val_acc.confusion"] = Floats(10, 10);
        state["num_updates"] = new StoredTensor(ScalarType.Int64, [], new byte[8]);
        using var model = MarginModel.Load(
            Write(new() { ["state_dict"] = state, ["hyper_parameters"] = new Dictionary<string, object?> { ["lr"] = 0.1 } }),
            ForeignFiles.Trained);
        Assert.Equal(expected, Scores(model));
        Assert.Equal<string>(["n_averaged", "criterion.weight", "val_acc.confusion", "num_updates", "hyper_parameters"], model.LeftOut);
        Assert.Empty(model.Notes);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Objects_that_are_not_needed_stay_closed(string name)
    {
        var plain = Write(State());
        var expected = Scores(plain);
        var path = Splice(plain, body => [.. Pickle.Raw("}("), .. Pickle.Text("state_dict"), .. body,
            .. Array.Find(Strangers, stranger => stranger.Name == name).Items, .. Pickle.Raw("u")]);
        Assert.Equal(expected, Scores(path));
        Assert.False(File.Exists("hostile-was-here"));
        var message = Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(path)).Message; // Which promises plain values.
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_state_dict_may_be_a_dictionary_of_another_class_and_its_tensors_may_have_attributes()
    {
        var plain = Write(State());
        var expected = Scores(plain);
        var ordered = Pickle.Global("collections", "OrderedDict");
        Assert.Equal(expected, Scores(Splice(plain, body => [.. Pickle.Global("my.package", "StateDict"), .. body[ordered.Length..]])));

        // The last tensor, [10] at the end of the pickle, through the function that PyTorch uses for tensors with attributes.
        var call = Pickle.Global("torch._utils", "_rebuild_tensor_v2");
        Assert.Equal(expected, Scores(Splice(plain, body =>
        {
            var start = body.AsSpan().LastIndexOf(call);
            var (tensor, end) = (body[start..^2], body[^2..]); // Ends with REDUCE and SETITEMS.
            Assert.Equal("Ru", System.Text.Encoding.ASCII.GetString(end));
            return [.. body[..start], .. Pickle.Global("torch._tensor", "_rebuild_from_type_v2"), .. Pickle.Mark, .. call,
                .. Pickle.Global("torch.nn.parameter", "Parameter"), .. tensor[call.Length..], .. Pickle.Raw("}tRu")];
        })));
    }

    [Fact]
    public void Averaged_weights_beside_the_usual_ones_are_said_and_can_be_chosen()
    {
        var (usual, averaged) = (State(), State());
        averaged["fc.bias"] = Floats(10);
        var path = Write(new()
        {
            ["state_dict"] = usual,
            ["state_dict_ema"] = averaged.ToDictionary(entry => "module." + entry.Key, entry => entry.Value),
            ["epoch"] = 3L,
        });
        using var model = MarginModel.Load(path, ForeignFiles.Trained);
        Assert.Contains(model.Notes, note => note.Contains("the weights state_dict_ema.module: --weights " +
            "state_dict_ema.module", StringComparison.Ordinal));
        Assert.Equal(Scores(Write(usual, "u.pt")), Scores(model));
        foreach (var name in new[] { "state_dict_ema", "state_dict_ema.module" })
        {
            using var chosen = MarginModel.Load(path, ForeignFiles.Trained with { Weights = name });
            Assert.Equal(Scores(Write(averaged, "a.pt")), Scores(chosen));
        }

        Refused(path, "It has no weights 'teacher': there are state_dict, state_dict_ema.module", new() { Weights = "teacher" });
        Refused(Write(new() { ["teacher"] = usual, ["student"] = averaged }), "several networks: choose one by --weights " +
            "(LoadOptions.Weights); there are teacher, student");

        // The same within one dictionary.
        var both = usual.Concat(averaged.ToDictionary(entry => "model_ema.module." + entry.Key, entry => entry.Value))
            .ToDictionary(entry => entry.Key, entry => entry.Value);
        Assert.Equal(Scores(Write(usual, "u.pt")), Scores(Write(both)));
        using var other = MarginModel.Load(Write(both), ForeignFiles.Trained with { Weights = "model_ema" });
        Assert.Equal(Scores(Write(averaged, "a.pt")), Scores(other));
    }

    [Theory]
    [InlineData("layer1.0.conv3.weight", "three convolutions, as those of a ResNet-50")]
    [InlineData("layer1.2.conv1.weight", "more than two blocks, as those of a ResNet-34")]
    [InlineData("conv1.0.weight", "its stem is several layers")]
    [InlineData("conv1.bias", "its convolutions have biases")]
    [InlineData("fc2.weight", "layers beside it, fc2.weight [4, 4, 1, 1]")]
    [InlineData("attention.conv.weight", "layers beside it, attention.conv.weight [4, 4, 1, 1]")]
    public void A_layer_that_no_ResNet_18_has_is_named(string name, string reason)
    {
        var state = State();
        state[name] = Floats(4, 4, 1, 1);
        Refused(Write(state), reason);
    }

    [Fact]
    public void A_stem_a_last_layer_or_stages_that_are_no_ResNet_18s_are_named()
    {
        void IsRefused(string reason, Action<Dictionary<string, object?>> change)
        {
            var state = State();
            change(state);
            Refused(Write(state), reason);
        }

        IsRefused("its stem conv1 is of 5x5 pixels", state => state["conv1.weight"] = Floats(2, 3, 5, 5));
        IsRefused("'fc' is several layers (fc.0.weight, " +
            "fc.2.weight)", state => (state["fc.0.weight"], state["fc.2.weight"]) = (state["fc.weight"], Floats(10, 10)));
        IsRefused("'fc' is a container " +
            "(fc.1.weight)", state => (state["fc.1.weight"], _) = (state["fc.weight"], state.Remove("fc.weight")));
        IsRefused("one output", state => (state["fc.weight"], state["fc.bias"]) = (Floats(1, 16), Floats(1)));
        IsRefused("no last layer", state => state.Remove("fc.weight"));
        IsRefused("no bn1", state => state.Remove("bn1.weight"));
        IsRefused("fewer than four stages", state => state.Keys.Where(name => name.StartsWith("layer4.", StringComparison.Ordinal))
            .ToList()
            .ForEach(name => state.Remove(name)));

        // A head that takes the scores of what lies in a part of the file's network, and any layer beside what may be a part.
        foreach (var (part, head, shape) in new[]
        {
            ("model.", "classifier.weight", new long[] { 5, 10 }),
            ("encoder.", "decoder.weight", [4, 4, 1, 1]),
        })
        {
            var inner = State().ToDictionary(entry => part + entry.Key, entry => entry.Value);
            inner[head] = Floats(shape);
            Refused(Write(inner), $"layers beside it, {head} [{string.Join(", ", shape)}]; if it is whole without them, --weights " +
                $"{part[..^1]} says so");
            using var chosen = MarginModel.Load(Write(inner), new LoadOptions { Weights = part[..^1] });
            Assert.Equal<string>([head], chosen.LeftOut);
        }

        // Another network in the usual place.
        var other = new Dictionary<string, object?> { ["features.0.weight"] = Floats(4, 3, 3, 3), ["classifier.weight"] = Floats(5, 4) };
        Refused(Write(new() { ["state_dict"] = other, ["teacher"] = State() }), "holds features.0.weight [4, 3, 3, 3]");
        using var teacher = MarginModel.Load(Write(new() { ["state_dict"] = other, ["teacher"] = State() }), new LoadOptions
        {
            Weights = "teacher",
        });
        Assert.IsType<ResNet18>(teacher.Network);
    }

    [Fact]
    public void Constants_that_look_like_a_normalization_are_told_with_the_option_that_applies_them()
    {
        var state = State();
        state["mu"] = StoredTensor.FromDoubles([0.5, 0.25, 0.125]);
        state["sigma"] = StoredTensor.FromDoubles([0.2, 0.3, 0.4]);
        using var model = MarginModel.Load(Write(state));
        Assert.Contains(model.Notes, note => note.Contains("'mu' and 'sigma'", StringComparison.Ordinal)
            && note.Contains("--normalize 0.5,0.25,0.125/0.2,0.3,0.4", StringComparison.Ordinal));
        using var told = MarginModel.Load(Write(state), ForeignFiles.Trained);
        Assert.Empty(told.Notes);
        Assert.Equal<string>(["mu", "sigma"], told.LeftOut);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_channels_are_those_of_the_first_convolution(int channels)
    {
        var state = State();
        state["conv1.weight"] = Floats(2, channels, 3, 3);
        using var model = MarginModel.Load(Write(state));
        Assert.Equal(channels, model.Channels);
        var message = Assert.Throws<InvalidDataException>(
            () => model.Score(MarginNet.Data.ImageSet.Create(new byte[3 * 32 * 32], [0], 3, 32, 32))).Message;
        Assert.Equal($"The images have 3 channels, but the network takes {channels}: give images as those that it was trained " +
            $"on.", message);
    }

    [Fact]
    public void Our_own_file_is_read_again_once_its_numbers_are_tensors()
    {
        var path = SaveOwn();
        var graph = (Dictionary<string, object?>)AsTensors(PyTorchFile.Read(path))!;
        PyTorchFile.Write(_folder["again.pt"], graph);
        AssertSame(path, _folder["again.pt"]);
    }

    [PythonFact]
    public void Our_own_file_is_read_again_after_Python_has_loaded_and_saved_it()
    {
        var path = SaveOwn();
        File.WriteAllText(_folder["again.py"], "import sys, torch, collections\nm = torch.load(sys.argv[1])\nm['training']['note'] = " +
            "collections.Counter('abc')\ntorch.save(m, sys.argv[2])\n");
        PythonFactAttribute.Run(_folder["again.py"], path, _folder["again.pt"]);
        AssertSame(path, _folder["again.pt"]);
    }

    private static StoredTensor Floats(params long[] shape) =>
        new(ScalarType.Float32, [.. shape], new byte[4 * shape.Aggregate(1L, (product, size) => product * size)]);

    private static Dictionary<string, object?> State() =>
        ((Dictionary<string, object?>)((Dictionary<string, object?>)PyTorchFile.Read(
            ForeignFiles.Committed["cifar_stem.pt"])!)["model_state_dict"]!)
            .ToDictionary(entry => entry.Key["_orig_mod.".Length..], entry => entry.Value);

    private static object? AsTensors(object? value) => value switch
    {
        double number => new StoredTensor(ScalarType.Float64, [], BitConverter.GetBytes(number)),
        List<object?> list => list.ConvertAll(AsTensors),
        Dictionary<string, object?> dictionary => dictionary.ToDictionary(entry => entry.Key, entry => AsTensors(entry.Value)),
        _ => value,
    };

    private static void AssertSame(string first, string second)
    {
        using var expected = MarginModel.Load(first);
        using var actual = MarginModel.Load(second);
        Assert.Equal(Scores(expected, 32), Scores(actual, 32));
        Assert.Equal(2.5, Assert.IsType<double>(actual.Training["mu"]));
        Assert.False(actual.Training.ContainsKey("note"));
        Assert.Equal(expected.Metrics["accuracy"], actual.Metrics["accuracy"]);
        Assert.Equal(expected.NullModel!.Score(0.5, 1), actual.NullModel!.Score(0.5, 1));
        Assert.Equal<double>(expected.Network.Options.Normalization.Mean, actual.Network.Options.Normalization.Mean);
        Assert.Equal(expected.Network.Options.OutputScale, actual.Network.Options.OutputScale);
    }

    private string SaveOwn()
    {
        manual_seed(3);
        using var model = new MarginModel(new FastNet(new() { Width = 4, ClassCount = 3, OutputScale = 1.5 }), ["a", "b", "c"], (32, 32))
        {
            Training = new() { ["mu"] = 2.5, ["epochs"] = 3L },
            Metrics = new() { ["accuracy"] = 0.75 },
        };
        double[] margins = [.. Enumerable.Range(0, 90).Select(i => i / 30.0)];
        int[] classes = [.. Enumerable.Range(0, 90).Select(i => i % 3)];
        model.NullModel = MarginNullModel.Fit(margins, classes, classes, 3);
        model.Save(_folder["own.pt"]);
        return _folder["own.pt"];
    }

    private static float[] Scores(string path)
    {
        using var model = MarginModel.Load(path, ForeignFiles.Trained);
        return Scores(model);
    }

    private static float[] Scores(MarginModel model, int size = 16) =>
        model.Score([.. Enumerable.Range(0, 3 * size * size).Select(i => i / (3f * size * size))]);

    private string Write(Dictionary<string, object?> graph, string name = "m.pt")
    {
        PyTorchFile.Write(_folder[name], graph);
        return _folder[name];
    }

    /// <summary>A file like another whose pickle is made of that one's.</summary>
    private string Splice(string source, Func<byte[], byte[]> pickle)
    {
        var path = _folder["spliced.pt"];
        using var old = ZipFile.OpenRead(source);
        using var file = File.Create(path);
        using var zip = new ZipArchive(file, ZipArchiveMode.Create);
        foreach (var entry in old.Entries)
        {
            using var content = new MemoryStream();
            using (var stream = entry.Open())
            {
                stream.CopyTo(content);
            }

            var bytes = content.ToArray();
            using var copy = zip.CreateEntry(entry.FullName, CompressionLevel.NoCompression).Open();
            copy.Write(entry.Name
                == "data.pkl" ? [.. Pickle.Start, .. pickle(bytes[Pickle.Start.Length..^Pickle.Stop.Length]), .. Pickle.Stop] : bytes);
        }

        return path;
    }

    private static void Refused(string path, string reason, LoadOptions? options = null)
    {
        var message = Assert.Throws<InvalidDataException>(() => MarginModel.Load(path, options ?? new())).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.StartsWith($"'{path}' is", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
