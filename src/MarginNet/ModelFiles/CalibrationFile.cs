using System.Security.Cryptography;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.PValues;

namespace MarginNet.ModelFiles;

/// <summary>
/// The null model of a model file that another program wrote and cannot hold it: a JSON file beside it, tied to that file's bytes
/// and to how its images are made.
/// </summary>
public static class CalibrationFile
{
    private const string Format = "marginnet-margins";
    private const string NullModel = "null_model";
    private const string Part = "part";

    /// <summary>Settings of <see cref="MarginModel.Training"/> that say how pictures become images,
    /// which a model of another program has no place for.</summary>
    private static readonly string[] Pictures = ["resize", "exif"];

    /// <summary>The file of the null model: x.pt.margins.json for x.pt.</summary>
    /// <param name="modelPath">The model file.</param>
    public static string PathFor(string modelPath) => modelPath + ".margins.json";

    internal static void Write(string modelPath, MarginModel model)
    {
        var state = KeyOf(modelPath, model);
        state[NullModel] = model.NullModel?.ToState();
        foreach (var name in Pictures.Where(model.Training.ContainsKey))
        {
            state[name] = model.Training[name];
        }

        AtomicFile.Write(PathFor(modelPath), stream =>
        {
            using var writer = new Utf8JsonWriter(stream);
            PlainValueJson.Write(writer, state);
        });
    }

    /// <summary>Reads the null model; null where there is none, or it is that of other bytes or of images made otherwise.</summary>
    internal static MarginNullModel? Read(string modelPath, MarginModel model) =>
        PathFor(modelPath) is var path && File.Exists(path) ? Read(path, modelPath, model) : null;

    internal static MarginNullModel? Read(string path, string modelPath, MarginModel model)
    {
        try
        {
            var state = PlainValueJson.Parse(File.ReadAllBytes(path)) as Dictionary<string, object?>;
            if (state?.GetValueOrDefault("format") as string != Format
                || state.GetValueOrDefault(NullModel) is not Dictionary<string, object?> nullModel)
            {
                throw new InvalidDataException("It is no calibration.");
            }

            var read = Fits(state, KeyOf(modelPath, model)) ? MarginNullModel.FromState(nullModel) : null;
            if (read?.Classes.Length != model.ClassNames.Length)
            {
                return null;
            }

            foreach (var name in Pictures.Where(name => state.GetValueOrDefault(name) is string))
            {
                model.Training[name] = state[name];
            }

            return read;
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is no calibration of '{modelPath}': delete it, and calibrate again. {e.Message}", e);
        }
    }

    private static Dictionary<string, object?> KeyOf(string modelPath, MarginModel model)
    {
        var normalization = model.Network.Options.Normalization;
        return new()
        {
            ["format"] = Format,
            ["model_sha256"] = Convert.ToHexStringLower(Digest(modelPath, model)),
            [Part] = model.Part,
            ["mean"] = normalization.Mean.ToArray(),
            ["std"] = normalization.StandardDeviation.ToArray(),
            ["image_size"] = new double[] { model.ImageSize.Height, model.ImageSize.Width },
        };
    }

    /// <summary>The hash of the file, for a program with all its weights.</summary>
    private static byte[] Digest(string modelPath, MarginModel model)
    {
        if (model.ProgramDigest is { } digest)
        {
            return digest;
        }

        using var file = File.OpenRead(modelPath);
        return SHA256.HashData(file);
    }

    private static bool Fits(Dictionary<string, object?> state, Dictionary<string, object?> key)
    {
        var (read, own) = (new PlainDictionary(state, ""), new PlainDictionary(key, ""));
        return read.Text("model_sha256") == own.Text("model_sha256")
            && state.GetValueOrDefault(Part) as string == key[Part] as string
            && Array.TrueForAll(["mean", "std", "image_size"], name => read.Numbers(name).SequenceEqual(own.Numbers(name)));
    }
}
