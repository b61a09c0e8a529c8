using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using MarginNet.Checkpoints;
using MarginNet.ModelFiles;
using MarginNet.PValues;
using Microsoft.ML.OnnxRuntime;

namespace MarginNet.Serving;

/// <summary>Loads an ONNX model with the calibration beside it, both from bytes that are read once.</summary>
internal sealed class OnnxModelLoader : IModelLoader
{
    private const int VersionDigits = 12;
    private const int LongestReason = 300;

    public IServedModel Load(MarginNetOptions options)
    {
        var (path, beside) = (options.Model, CalibrationFile.PathFor(options.Model));
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist: {MarginNetOptions.Section}:Model names the model file.");
        }

        if (!File.Exists(beside))
        {
            throw new FileNotFoundException(
                $"'{path}' is not calibrated: run 'marginnet calibrate --model {path}' first, which writes '{beside}'.");
        }

        var (program, calibration) = (File.ReadAllBytes(path), File.ReadAllBytes(beside));
        var digest = Convert.ToHexStringLower(SHA256.HashData(program));
        var (description, nullModel) = CalibrationFile.Read(calibration, beside, path, (state, nullModel) =>
        {
            var values = new PlainDictionary(state, "");
            return values.Text(CalibrationFile.Digest) == digest
                ? (values, MarginNullModel.FromState(nullModel))
                : throw new InvalidDataException("It is of a model file with other bytes.");
        });
        OnnxModel? model = null;
        try
        {
            model = new(program, ImageDescription.Read(description), options);
            var version = $"{digest[..VersionDigits]}.{Convert.ToHexStringLower(SHA256.HashData(calibration))[..VersionDigits]}";
            return model.Describe(version, NamesFor(nullModel.Classes.Length, options, model.Metadata), nullModel);
        }
        catch (Exception e) when (e is OnnxRuntimeException or InvalidDataException)
        {
            model?.Dispose();
            throw new InvalidDataException($"'{path}' cannot be used. {FileText.Show(e.Message, LongestReason)}", e);
        }
        catch (TypeInitializationException e) when (e.InnerException is DllNotFoundException)
        {
            throw new InvalidDataException(
                "ONNX models need the native half of ONNX Runtime: add the package Microsoft.ML.OnnxRuntime to the program.", e);
        }
    }

    /// <summary>The names that are given, those that <c>marginnet export</c> wrote into the file, or numbers.</summary>
    private static ImmutableArray<string> NamesFor(int count, MarginNetOptions options, IReadOnlyDictionary<string, string> metadata)
    {
        if (options.ClassNames.Count > 0)
        {
            return options.ClassNames.Count == count ? [.. options.ClassNames] : throw new InvalidDataException(
                $"{MarginNetOptions.Section}:ClassNames has {options.ClassNames.Count} names, but the model is calibrated for {count} "
                + "classes.");
        }

        return metadata.TryGetValue("marginnet", out var json)
            && PlainValueJson.Parse(Encoding.UTF8.GetBytes(json)) is Dictionary<string, object?> values
            && new PlainDictionary(values, "marginnet") is var exported && exported.Has("class_names")
                ? [.. exported.Texts("class_names")]
                : [.. Enumerable.Range(0, count).Select(i => FormattableString.Invariant($"{i}"))];
    }
}
