using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Google.Protobuf;
using MarginNet.Arrays;
using MarginNet.Cli.Sharding;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using Onnx;
using SkiaSharp;
using StbImageWriteSharp;

namespace MarginNet.Fuzz;

/// <summary>Small whole files of every kind: a small file makes fast inputs, most of whose bytes are structure.</summary>
internal static class Seeds
{
    public const int Classes = 3;

    private const int Samples = 24;
    private const int RecordLength = 3073;

    public static JsonSerializerOptions Json { get; } = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] CifarRecords(int count)
    {
        var bytes = Pixels(count * RecordLength);
        for (var i = 0; i < count; i++)
        {
            bytes[i * RecordLength] = (byte)i;
        }

        return bytes;
    }

    public static byte[] CifarArchive()
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.SmallestSize, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            foreach (var name in Cifar10.TrainFiles.Append(Cifar10.TestFile))
            {
                using var data = new MemoryStream(new byte[RecordLength]); // Zeros, which compress.
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, "cifar-10-batches-bin/" + name) { DataStream = data });
            }
        }

        return memory.ToArray();
    }

    public static byte[][] Shards()
    {
        var header = new ShardHeader
        {
            Version = "1.0.0",
            Number = 2,
            Count = 3,
            Arguments = ["evaluate", "--model", "m.pt"],
            Inputs = [new("--model", "m.pt", "00ff")],
            Images = [new(300, 128, 128, "00ff")],
            Arrays = [],
        };
        return
        [
            Of(),
            Of(("scores", new float[3]), ("radii", new double[2]), ("stuck images", new int[1])),
        ];

        byte[] Of(params (string, Array)[] arrays) => Saved(".shard", path => new ShardFile(path, header, arrays).Save());
    }

    public static byte[][] Images() =>
    [
        Written((writer, stream) => writer.WriteJpg(Pixels(12 * 10 * 3), 10, 12, ColorComponents.RedGreenBlue, stream, quality: 60)),
        Written((writer, stream) => writer.WritePng(Pixels(12 * 10 * 3), 10, 12, ColorComponents.RedGreenBlue, stream)),
        Written((writer, stream) => writer.WritePng(Pixels(9 * 7 * 4), 7, 9, ColorComponents.RedGreenBlueAlpha, stream)),
        Written((writer, stream) => writer.WritePng(Pixels(9 * 7), 7, 9, ColorComponents.Grey, stream)),
        Written((writer, stream) => writer.WriteBmp(Pixels(9 * 7 * 3), 7, 9, ColorComponents.RedGreenBlue, stream)),
        WebP(),
        Convert.FromBase64String(ProgressiveJpeg),
    ];

    /// <summary>16×12, four passes and more, restart markers, EXIF orientation 6; by Pillow 9.4 and libjpeg-turbo's jpegtran.</summary>
    private const string ProgressiveJpeg =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBM" +
        "S0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8" +
        "fHx8fHx8fHx8fHx8fHz/wgARCAAMABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABQT/xAAUAQEAAAAAAAAAAAAAAAAAAAAB/90ABAAB/9oADAMB" +
        "AAIQAxAAAAGshQgf/8QAGRAAAgMBAAAAAAAAAAAAAAAAAhIRITJC/9oACAEBAAEFAjlf/9C2/9E8/wD/0uv/xAAVEQEBAAAAAAAAAAAAAAAAAAAAQ//aAAgB" +
        "AwEBPwGb/8QAFhEAAwAAAAAAAAAAAAAAAAAAAAMz/9oACAECAQE/AV0P/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQAGPwJ//9B//9F//9J//8QAFxAA" +
        "AwEAAAAAAAAAAAAAAAAAAAFhkf/aAAgBAQABPyGnT//QddP/0WP/0mz/AP/aAAwDAQACAAMAAAAQ9//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMBAT8Q" +
        "f//EABYRAAMAAAAAAAAAAAAAAAAAAAABIf/aAAgBAgEBPxBaP//EABcQAQEBAQAAAAAAAAAAAAAAAFEAMQH/2gAIAQEAAT8QRgX/0E6F/9EHML//0g80v//Z";

    private static byte[] WebP()
    {
        using var image = SKImage.FromPixelCopy(new(7, 9, SKColorType.Rgba8888, SKAlphaType.Unpremul), Pixels(9 * 7 * 4));
        using var file = image.Encode(SKEncodedImageFormat.Webp, quality: 60);
        return file.ToArray();
    }

    public static byte[] Logits() => Saved(".npy", path => new ScoreMatrix(Values(Samples * Classes), Classes).Save(path));

    public static byte[] Labels() => Saved(".npy", path => ArrayFile.WriteLabels(path, LabelsOf(Samples)));

    public static byte[] ImageArray() =>
        Saved(".npy", path => new ImageArray(Array.ConvertAll(Values(2 * 3 * 4 * 4), value => Math.Abs(value) / 8), 3, 4, 4).Save(path));

    public static byte[] Npz(params string[] names)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var name in names)
            {
                using var entry = zip.CreateEntry(name + ".npy").Open();
                entry.Write(Logits());
            }
        }

        return stream.ToArray();
    }

    /// <summary>Files that PyTorch wrote, and files made to be refused.</summary>
    public static byte[][] Checkpoints() =>
    [
        .. typeof(Seeds).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".pt", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(Resource)
            .Where(file => file.Length < 20_000),
    ];

    public static byte[] Model(Classifier network)
    {
        using var model = new MarginModel(network, [.. Enumerable.Range(0, Classes).Select(c => $"class {c}")], (12, 12))
        {
            NullModel = NullModel(),
        };
        model.Training["mu"] = 5.0;
        model.Metrics["test_accuracy"] = 0.5;
        return Saved(".pt", model.Save);
    }

    /// <summary>A small network as a file for other programs.</summary>
    public static byte[] Exported(string extension, Action<MarginModel, string> write)
    {
        using var model = new MarginModel(
            new ResNet18(new() { Width = 1, ClassCount = Classes }), [.. Enumerable.Range(0, Classes).Select(c => $"class {c}")], (12, 12));
        model.Network.eval();
        return Saved(extension, path => write(model, path));
    }

    /// <summary>A network of an ONNX file as a model file: a graph of layers.</summary>
    public static byte[] GraphModel()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(file, Exported(".onnx", MarginNet.Export.ModelExport.ToOnnx));
            using var model = MarginModel.Load(file);
            return Saved(".pt", model.Save);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public static byte[] NullModelJson() => Saved(".json", NullModel().Save);

    public static MarginNullModel NullModel()
    {
        var labels = LabelsOf(Samples * 2);
        var margins = Array.ConvertAll(Values(labels.Length), value => Math.Abs((double)value));
        return MarginNullModel.Fit(margins, labels, labels, Classes, new() { MinSamples = 4, Mixture = new() { MaxComponents = 2 } });
    }

    private static byte[] Resource(string name)
    {
        using var stream = typeof(Seeds).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Written(Action<ImageWriter, Stream> write)
    {
        using var stream = new MemoryStream();
        write(new ImageWriter(), stream);
        return stream.ToArray();
    }

    private static byte[] Saved(string extension, Action<string> save)
    {
        var folder = Directory.CreateTempSubdirectory("marginnet-fuzz-");
        try
        {
            var path = Path.Combine(folder.FullName, "seed" + extension);
            save(path);
            return File.ReadAllBytes(path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int[] LabelsOf(int count) => [.. Enumerable.Range(0, count).Select(i => i % Classes)];

    private static float[] Values(int count)
    {
        var random = new Random(2);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 16) - 8))];
    }

    private static byte[] Pixels(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    /// <summary>An ONNX model, scores [N, 4] of the means of three channels, whose weights lie in "a file beside it": in itself,
    /// as it is called here.</summary>
    public static byte[] LinkedOnnx()
    {
        static NodeProto Node(string operation, string[] inputs, string output) =>
            new() { OpType = operation, Input = { inputs }, Output = { output } };
        static ValueInfoProto Value(string name, long[] shape) => new()
        {
            Name = name,
            Type = new()
            {
                TensorType = new()
                {
                    ElemType = (int)TensorProto.Types.DataType.Float,
                    Shape = new() { Dim = { shape.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }) } },
                },
            },
        };
        var place = new[] { ("location", "fuzz.onnx"), ("offset", "16"), ("length", "48") };
        var weights = new TensorProto
        {
            Name = "weights",
            DataType = (int)TensorProto.Types.DataType.Float,
            Dims = { 3, 4 },
            DataLocation = TensorProto.Types.DataLocation.External,
            ExternalData = { place.Select(entry => new StringStringEntryProto { Key = entry.Item1, Value = entry.Item2 }) },
        };
        var file = new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Version = 13 } },
            Graph = new()
            {
                Name = "graph",
                Node =
                {
                    Node("GlobalAveragePool", ["images"], "means"), Node("Flatten", ["means"], "flat"),
                    Node("MatMul", ["flat", "weights"], "scores"),
                },
                Initializer = { weights },
                Input = { Value("images", [1, 3, 12, 12]) },
                Output = { Value("scores", [1, 4]) },
            },
        };
        return file.ToByteArray();
    }
}
