using System.Text;
using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.PValues;

namespace MarginNet.ModelFiles;

/// <summary>What <see cref="Export.ModelExport.ToSafeTensors"/> wrote beside the weights,
/// so that a file of ours needs no description.</summary>
internal static class ExportedDescription
{
    /// <summary>Fills in what the caller does not say.</summary>
    public static LoadOptions Complete(LoadOptions options, IReadOnlyDictionary<string, string> metadata)
    {
        if (!metadata.TryGetValue(ModelDescription.Key, out var json))
        {
            return options;
        }

        var values = new PlainDictionary(Parse(json), ModelDescription.Key);
        var normalization = values.Dictionary("normalization");
        return options with
        {
            Normalization = options.Normalization ?? new([.. normalization.Numbers("mean")], [.. normalization.Numbers("std")]),
            ImageSize = options.ImageSize ?? (values.Numbers("image_size") is [>= 1 and <= int.MaxValue and var height, >= 1
                and <= int.MaxValue and var width] ? ((int)height, (int)width) : throw values.Unexpected("image_size", "height and width")),
            ClassNames = options.ClassNames ?? [.. values.Texts("class_names")],
            Rectify = values.Dictionary("architecture").Flag("rectify"),
        };
    }

    /// <summary>Fills in what the caller does not say of a program, which normalises by itself.</summary>
    public static LoadOptions OfProgram(LoadOptions options, IReadOnlyDictionary<string, string> metadata) =>
        !metadata.ContainsKey(ModelDescription.Key) ? options
        : options.Normalization is null ? options with { ClassNames = Complete(options, metadata).ClassNames }
        : throw new InvalidDataException("It was exported by MarginNet and normalizes its images itself: leave the normalization out.");

    private static Dictionary<string, object?> Parse(string json)
    {
        try
        {
            return PlainValueJson.Parse(Encoding.UTF8.GetBytes(json)) as Dictionary<string, object?> ?? [];
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"Its metadata '{ModelDescription.Key}' cannot be used: {e.Message}", e);
        }
    }
}
