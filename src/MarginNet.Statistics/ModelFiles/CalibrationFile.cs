using System.Security.Cryptography;
using MarginNet.Checkpoints;
using MarginNet.PValues;

namespace MarginNet.ModelFiles;

/// <summary>
/// The null model of a model file that another program wrote and cannot hold it: a JSON file beside it, as <c>marginnet calibrate
/// --model net.onnx</c> makes it, tied to that file's bytes and to how its images are made.
/// </summary>
public static class CalibrationFile
{
    internal const string Format = "marginnet-margins";
    internal const string NullModel = "null_model";
    internal const string Digest = "model_sha256";

    /// <summary>The file of the null model: x.pt.margins.json for x.pt.</summary>
    /// <param name="modelPath">The model file.</param>
    public static string PathFor(string modelPath) => modelPath + ".margins.json";

    /// <summary>Reads the null model for a program that scores with the model file by itself, as by ONNX Runtime. That its images are made
    /// as those calibrated on, and scored by the same output, is up to the program.</summary>
    /// <param name="modelPath">The model file, with all its weights.</param>
    /// <returns>The null model.</returns>
    /// <exception cref="FileNotFoundException">There is no model file, or no calibration beside it.</exception>
    /// <exception cref="InvalidDataException">The calibration is damaged, or of a model file with other bytes.</exception>
    public static MarginNullModel Read(string modelPath) => Read(PathFor(modelPath), modelPath, (state, nullModel) =>
    {
        using var file = File.OpenRead(modelPath);
        return new PlainDictionary(state, "").Text(Digest) == Convert.ToHexStringLower(SHA256.HashData(file))
            ? MarginNullModel.FromState(nullModel)
            : throw new InvalidDataException("It is of a model file with other bytes.");
    });

    /// <summary>Reads the values of a calibration and those of its null model.</summary>
    internal static T Read<T>(string path, string modelPath, Func<Dictionary<string, object?>, Dictionary<string, object?>, T> read) =>
        Read(File.ReadAllBytes(path), path, modelPath, read);

    /// <summary>The same of a file that was read before.</summary>
    internal static T Read<T>(
        byte[] content, string path, string modelPath, Func<Dictionary<string, object?>, Dictionary<string, object?>, T> read)
    {
        try
        {
            return PlainValueJson.Parse(content) is Dictionary<string, object?> state
                && state.GetValueOrDefault("format") as string == Format
                && state.GetValueOrDefault(NullModel) is Dictionary<string, object?> nullModel
                    ? read(state, nullModel)
                    : throw new InvalidDataException("It is no calibration.");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is no calibration of '{modelPath}': delete it, and calibrate again. {e.Message}", e);
        }
    }
}
