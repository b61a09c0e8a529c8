using System.Collections.Immutable;
using System.IO.Compression;
using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Cli;
using MarginNet.Cli.Input;
using MarginNet.Cli.Sharding;
using MarginNet.Data;
using MarginNet.Export;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Verification;

namespace MarginNet.Fuzz;

/// <summary>Every reader of the library and the tool. A new one is a line here.</summary>
internal static class Readers
{
    private const int Classes = 5;

    private static readonly byte[][] Numbers = Texts(
        "0", "-1", "1e999", "NaN", "-Infinity", "9223372036854775808", "2147483647", ",", ";", "\t", " ", "\n", "\r", "#", "\"", "\0",
        "\u001b[31m", "\ud83d\ude00");

    private static readonly byte[][] Json =
    [
        .. Numbers,
        .. Texts(
            "null", "true", "{}", "[]", "[[[[[[[[", "{\"a\":", "\"\\ud800\"", "\"x\":1,\"x\":1", "\"margins\":", "\"weights\":",
            "\"rule\":", "}", "]"),
    ];

    private static readonly byte[][] Header = Texts(
        "'descr': '<f8'", "'>i2'", "'|b1'", "'<c16'", "True", "False", "(2147483647, 2147483647)", "(0, 2147483647)", "(2147483647, 0)",
        "(3,)", "()", "(2147483647, 2147483647, 2147483647, 2147483647, 2147483647)", "\n", "{", "}");

    // Opcodes of pickles: a mark, tuples, lists, dictionaries, names, calls, storages, memo entries.
    private static readonly byte[][] Pickle = [.. Texts(
        "(", "t", ")", "]", "}", "u", "s", "a", "e", "R", "Q", "b", "0", "2", "h\0", "q\0", "K\u0001", "J\u007f\u007f\u007f\u007f",
        "ctorch\nFloatStorage\n", "ccollections\nOrderedDict\n", "ctorch._utils\n_rebuild_tensor_v2\n", "cos\nsystem\n", "X\u0001\0\0\0a",
        "."), [0x85], [0x86], [0x87], [0x88], [0x89], [0x8a, 8, 255, 255, 255, 255, 255, 255, 255, 127]];

    // Of objects that are left closed: classes, objects with and without keyword arguments, sets, bytes, long integers.
    private static readonly byte[][] Others = [.. Pickle, .. Texts(
        "cargparse\nNamespace\n", "ccollections\nCounter\n", "ctorch._tensor\n_rebuild_from_type_v2\n", "ctorch\nComplexFloatStorage\n",
        "C\u0001a", "B\u0001\0\0\0a"), [0x81], [0x92], [0x8f], [0x90], [0x91], [0x8a, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0x8b, 9, 0, 0, 0]];

    private static readonly byte[][] Places =
        Texts("../", "/etc/passwd", "fuzz.onnx", "9223372036854775807", "-1", "offset", "length", "location");

    private static readonly byte[][] Tensors = [.. Json, .. Texts(
        "\"dtype\":\"F64\"", "\"shape\":[1000000,1000000]", "\"data_offsets\":[0,8]", "[0,9223372036854775807]", "[-1,4]",
        "\"__metadata__\":{")];

    public static ImmutableArray<Reader> All { get; } =
    [
        new("cifar", ".bin", [Seeds.CifarRecords(1), Seeds.CifarRecords(3)], ReadCifar),
        // Deflate's best ratio.
        new("cifar-archive", ".tar.gz", [Seeds.CifarArchive()], path => Cifar10Archive.Read(path))
        {
            Structured = [Structure.Gzip, Structure.TarGz, Structure.TarGz],
            AllocationPerByte = 1100,
        },
        // One bit of a pixel becomes three bytes, at deflate's best ratio, which are turned and cut.
        new("image", ".png", Seeds.Images(), ReadImage) { Structured = [Structure.Png], AllocationPerByte = 3 * 3 * 8 * 1032 },
        new("npy", ".npy", [Seeds.Logits(), Seeds.Labels()], path => ArrayFile.Read(path)) { Tokens = Header },
        new("npy-images", ".npy", [Seeds.ImageArray()], path => ImageArray.Read(path)) { Tokens = Header },
        // A byte becomes a double, at deflate's best ratio.
        new("npz", ".npz", [Seeds.Npz("a"), Seeds.Npz("a", "b")], path => ArrayFile.Read(path))
        {
            Structured = [(mutator, file) => Structure.ZipEntry(mutator, file, CompressionLevel.Fastest)],
            Tokens = Header,
            AllocationPerByte = 8 * 1032,
        },
        new(
            "csv",
            ".csv",
            Texts("1.5,-2,3\n4,5,6e-3\n", "a;b\n1;2\n3;4\n", "# note\n1 2 3\n\n4 5 6\n", "label\n0\n1\n2\n"),
            path => ArrayFile.ReadLogits(path))
        {
            Tokens = Numbers,
        },
        new("labels", ".csv", Texts("0\n1\n4\n2\n", "label\r\n0\r\n1\r\n"), path => ArrayFile.ReadLabels(path, Classes))
        {
            Tokens = Numbers,
        },
        new("pt", ".pt", Seeds.Checkpoints(), path => PyTorchFile.Read(path))
        {
            Structured = [(mutator, file) => Structure.ZipEntry(mutator, file, CompressionLevel.NoCompression)],
            Tokens = Pickle,
        },
        new("pt-others", ".pt", Seeds.Checkpoints(), path => PyTorchFile.ReadWithOthers(path))
        {
            Structured = [(mutator, file) => Structure.ZipEntry(mutator, file, CompressionLevel.NoCompression)],
            Tokens = Others,
        },
        new("model", ".pt", [Seeds.GraphModel(), Seeds.Model(new ResNet18(new() { Width = 1, ClassCount = Seeds.Classes })), Seeds.Model(
            new FastNet(new() { Width = 1, ClassCount = Seeds.Classes })), Seeds.Model(new LipNet(new()
        {
            Width = 1,
            ClassCount = Seeds.Classes,
            ImageSize = (12, 12),
        }))], path => MarginModel.Load(path).Dispose())
        {
            Structured = [DamageModel, DamageModel, (mutator, file) => Structure.ZipEntry(mutator, file, CompressionLevel.NoCompression)],
            Tokens = Pickle,
        },
        new(
            "safetensors", ".safetensors", [Seeds.Exported(".safetensors", (model, path) => ModelExport.ToSafeTensors(model, path))],
            path => SafeTensorsFile.Read(path))
        {
            Tokens = Tensors,
        },
        new(
            "foreign-safetensors", ".safetensors",
            [Seeds.Exported(".safetensors", (model, path) => ModelExport.ToSafeTensors(model, path))], ReadForeign)
        {
            Tokens = Tensors,
        },
        new(
            "foreign-state-dict",
            ".pt",
            [Seeds.Exported(".pt", (model, path) => ModelExport.ToStateDict(model, path, WeightNames.PytorchCifar))],
            ReadForeign)
        {
            Structured = [DamageState, (mutator, file) => Structure.ZipEntry(mutator, file, CompressionLevel.NoCompression)],
            Tokens = Others,
        },
        new("onnx", ".onnx", [Seeds.Exported(".onnx", ModelExport.ToOnnx)], ReadForeign),
        new("onnx-graph", ".onnx", GraphFile.Seeds(), GraphFile.Read)
        {
            Structured = [GraphFile.Damage, GraphFile.Damage, GraphFile.Damage],
            Tokens = GraphFile.Tokens,
            Allowance = 16 << 20,
        },
        new("onnx-linked", ".onnx", [Seeds.LinkedOnnx()], ReadForeign) { Tokens = Places },
        new("null-model", ".json", [Seeds.NullModelJson()], ReadNullModel) { Structured = [DamageNullModel], Tokens = Json },
        new("foreign-calibration", ".margins.json", [ForeignCalibration.Seed()], ForeignCalibration.Read)
        {
            Structured = [DamageNullModel],
            Tokens = Json,
        },
        new("state", ".pt", [ResumedState.Seed()], ResumedState.Read)
        {
            Structured = [DamageState, (mutator, file) => Structure.ZipEntry(mutator, file, CompressionLevel.NoCompression)],
            Tokens = Pickle,
        },
        new("vnn-lib", ".vnnlib", Texts(
            """
            ; two inputs, two outputs
            (declare-const X_0 Real)
            (declare-const X_1 Real)
            (declare-const Y_0 Real)
            (declare-const Y_1 Real)
            (assert (>= X_0 -0.5))
            (assert (<= X_0 1e-1))
            (assert (or (and (>= X_1 0) (<= X_1 1) (<= Y_0 Y_1)) (and (>= X_1 2) (<= X_1 3) (>= Y_1 0.5))))
            """,
            "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (and (>= X_0 0)(<= X_0 1)))(assert (<= (+ (* 2 Y_0) -1.5) 3))"),
            path => VnnLib.Read(path))
        {
            Tokens = [.. Numbers, .. Texts(
                "(", ")", "((((((((", "(or", "(and", "(assert", "(<=", "(>=", "(+", "(-", "(*", "X_0", "Y_1", "X_2147483647", "Y_-1", "Real",
                "declare-const", "1e-400", "+1")],
            Allowance = 16 << 20,
        },
        new("instances", ".csv", Texts("a.onnx,b.vnnlib,60\nc.onnx.gz,d.vnnlib.gz\n"), ReadInstances) { Tokens = Numbers },
        new("shard", ".shard", Seeds.Shards(), path => ShardFile.Read(path))
        {
            Structured = [Structure.Shard, Structure.Shard],
            Tokens =
            [
                .. Json,
                .. Texts(
                    "\"number\":0", "\"float32\"", "\"float16\"", "\"length\":9223372036854775807", "\"length\":-4", "[null]"),
            ],
        },
        new("configuration", ".json", Texts(
            "{ \"command\": \"evaluate\", \"mu\": 5, \"bins\": 10, \"json\": \"o.json\", \"quiet\": true }",
            "{ \"labels\": \"y.npy\", \"mu\": 1e-3 }"), Arguments.ReadConfiguration)
        {
            Structured = [DamageConfiguration],
            Tokens =
            [
                .. Json,
                .. Texts(
                    "\"quiet\":1,", "\"data\":\"synthetic\",", "\"config\":", "\"model\":\"y.npy\",", "[\"a\",1]", "// a note\n", ",}"),
            ],
            Allowance = 64 << 20,
        },
        new("command-line", ".txt", Arguments.Seeds, Arguments.Read)
        {
            Structured = [Arguments.Damage, Arguments.Damage, Arguments.Damage],
            Allowance = 64 << 20,
        },
    ];

    private static byte[][] Texts(params string[] texts) => Array.ConvertAll(texts, Seeds.Utf8);

    private static void ReadCifar(string path)
    {
        using var stream = File.OpenRead(path);
        Cifar10Records.Read(stream, stream.Length, path);
    }

    private static void ReadInstances(string path)
    {
        try
        {
            VerificationInstance.ReadAll(path);
        }
        catch (UserErrorException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    private static void ReadForeign(string path) => MarginModel.Load(path, new LoadOptions { ImageSize = (12, 12) }).Dispose();

    private static void ReadImage(string path) =>
        ImageFile.Decode(path, new ImageOptions { ApplyOrientation = true, Resizing = ImageResizing.Crop }, new byte[3072]);

    /// <summary>Scores with what was read, too: a model that loads can be used.</summary>
    private static void ReadNullModel(string path)
    {
        var model = MarginNullModel.Load(path);
        for (var c = 0; c < model.Classes.Length; c++)
        {
            foreach (var kind in Enum.GetValues<NullKind>())
            {
                _ = model.Score(margin: 1, c, kind);
            }
        }
    }

    private static byte[] DamageModel(Mutator mutator, byte[] file) => DamageGraph(mutator, file, new() { NumbersAsTensors = true });

    private static byte[] DamageState(Mutator mutator, byte[] file) => DamageGraph(mutator, file, new());

    private static byte[] DamageGraph(Mutator mutator, byte[] file, PyTorchWriteOptions options)
    {
        using var source = new MemoryStream(file);
        using var target = new MemoryStream();
        PyTorchFile.Write(target, Graph.Damage(mutator, PyTorchFile.Read(source)), options);
        return target.ToArray();
    }

    private static byte[] DamageConfiguration(Mutator mutator, byte[] file) =>
        Seeds.Utf8(JsonSerializer.Serialize(Graph.Damage(mutator, PlainValueJson.Parse(file)), Seeds.Json));

    /// <summary>Damages the values; JSON has no infinite ones, so those are written as a number that reads as infinite.</summary>
    private static byte[] DamageNullModel(Mutator mutator, byte[] file)
    {
        var graph = Graph.Damage(mutator, PlainValueJson.Parse(file));
        return Seeds.Utf8(JsonSerializer.Serialize(graph, Seeds.Json)
            .Replace("\"-Infinity\"", "-1e999", StringComparison.Ordinal)
            .Replace("\"Infinity\"", "1e999", StringComparison.Ordinal));
    }
}
