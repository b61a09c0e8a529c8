using System.Security.Cryptography;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.PValues;

namespace MarginNet.ModelFiles;

/// <summary>Writes and reads the <see cref="CalibrationFile"/> of a model.</summary>
internal static class ModelCalibration
{
    private const string Part = "part";

    /// <summary>Settings of <see cref="MarginModel.Training"/> that say how pictures become images,
    /// which a model of another program has no place for.</summary>
    private static readonly string[] Pictures = ["resize", "exif"];

    public static void Write(string modelPath, MarginModel model)
    {
        var state = KeyOf(modelPath, model);
        state[CalibrationFile.NullModel] = model.NullModel?.ToState();
        foreach (var name in Pictures.Where(model.Training.ContainsKey))
        {
            state[name] = model.Training[name];
        }

        AtomicFile.Write(CalibrationFile.PathFor(modelPath), stream =>
        {
            using var writer = new Utf8JsonWriter(stream);
            PlainValueJson.Write(writer, state);
        });
    }

    /// <summary>Reads the null model; null where there is none, or it is that of other bytes or of images made otherwise.</summary>
    public static MarginNullModel? Read(string modelPath, MarginModel model) =>
        CalibrationFile.PathFor(modelPath) is var path && File.Exists(path) ? Read(path, modelPath, model) : null;

    public static MarginNullModel? Read(string path, string modelPath, MarginModel model) =>
        CalibrationFile.Read(path, modelPath, (state, nullModel) =>
        {
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
        });

    private static Dictionary<string, object?> KeyOf(string modelPath, MarginModel model)
    {
        var normalization = model.Network.Options.Normalization;
        return new()
        {
            ["format"] = CalibrationFile.Format,
            [CalibrationFile.Digest] = Convert.ToHexStringLower(Digest(modelPath, model)),
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
        return read.Text(CalibrationFile.Digest) == own.Text(CalibrationFile.Digest)
            && state.GetValueOrDefault(Part) as string == key[Part] as string
            && Array.TrueForAll(["mean", "std", "image_size"], name => read.Numbers(name).SequenceEqual(own.Numbers(name)));
    }
}
