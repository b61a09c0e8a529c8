using MarginNet.Data;
using MarginNet.Models;

namespace MarginNet.Cli.Commands;

/// <summary>Whether a model and a dataset go together.</summary>
internal static class ModelFit
{
    /// <summary>Requires the same classes in the same order.</summary>
    public static void ThrowIfOtherClasses(MarginModel model, string path, ImageDataset dataset)
    {
        if (!model.ClassNames.SequenceEqual(dataset.ClassNames))
        {
            throw new UserErrorException(
                $"'{path}' has {Describe(model.ClassNames)}, but the data '{dataset.Name}' has {Describe(dataset.ClassNames)}: choose the data the model was trained on.");
        }
    }

    private static string Describe(IReadOnlyCollection<string> classes) =>
        $"{classes.Count} classes ({string.Join(", ", classes.Take(3))}{(classes.Count > 3 ? ", ..." : "")})";
}
