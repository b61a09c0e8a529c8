using MarginNet.Data;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary>Whether a model and a dataset go together.</summary>
internal static class ModelFit
{
    /// <summary>Requires both of what follows.</summary>
    public static void ThrowIfOther(MarginModel model, string path, ImageDataset dataset)
    {
        ThrowIfOtherClasses(model, path, dataset);
        ThrowIfOtherSize(model, path, dataset);
    }

    /// <summary>Requires the same classes in the same order.</summary>
    public static void ThrowIfOtherClasses(MarginModel model, string path, ImageDataset dataset)
    {
        if (!model.ClassNames.SequenceEqual(dataset.ClassNames))
        {
            throw new UserErrorException(
                $"'{path}' has {Describe(model.ClassNames)}, but the data '{dataset.Name}' has {Describe(dataset.ClassNames)}: choose the data the model was trained on.");
        }
    }

    /// <summary>Requires images of the size the model was trained and calibrated on: the network would score others all the same.</summary>
    public static void ThrowIfOtherSize(MarginModel model, string path, ImageDataset dataset)
    {
        var (height, width) = model.ImageSize;
        if ((dataset.Test.Height, dataset.Test.Width) != (height, width))
        {
            throw new UserErrorException($"'{path}' takes images of {height}x{width}, but the data has {dataset.Test.Height}x{dataset.Test.Width}: leave --image-size out, or give the data it was trained on.");
        }
    }

    private static string Describe(IReadOnlyCollection<string> classes) =>
        $"{classes.Count} classes ({string.Join(", ", classes.Take(3))}{(classes.Count > 3 ? ", ..." : "")})";
}
