using System.Collections.Immutable;
using MarginNet.Cli.Input;
using MarginNet.Data;
using MarginNet.ModelFiles;

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
        if (!AreSame(model.ClassNames, dataset.ClassNames))
        {
            throw new UserErrorException(
                $"'{path}' has {Describe(model.ClassNames)}, but the data '{dataset.Name}' has {Describe(dataset.ClassNames)}: "
                + "choose the data the model was trained on.");
        }
    }

    /// <summary>Requires images of the size the model was trained and calibrated on: the network would score others all the same.</summary>
    public static void ThrowIfOtherSize(MarginModel model, string path, ImageDataset dataset)
    {
        var (height, width) = model.ImageSize;
        if (dataset.Test.Channels != model.Channels)
        {
            throw new UserErrorException(
                $"'{path}' takes images of {model.Channels} channels, but the data has {dataset.Test.Channels}: "
                + $"give an array [N, {model.Channels}, {height}, {width}] as a .npy file with --images.");
        }

        if ((dataset.Test.Height, dataset.Test.Width) != (height, width))
        {
            throw new UserErrorException($"'{path}' takes images of {height}x{width}, "
                + $"but the data has {dataset.Test.Height}x{dataset.Test.Width}: leave --image-size out, "
                + "or give the data it was trained on.");
        }
    }

    /// <summary>Requires images of the same size and channels, as where one model's gradients attack another.</summary>
    public static void ThrowIfOtherImages(MarginModel model, MarginModel other, string name)
    {
        if ((model.Channels, model.ImageSize) != (other.Channels, other.ImageSize))
        {
            throw new UserErrorException(
                $"{name} takes images of {Size(other)}, but the model takes {Size(model)}: give one of the same images.");
        }

        static string Size(MarginModel of) => $"{of.Channels}x{of.ImageSize.Height}x{of.ImageSize.Width}";
    }

    /// <summary>Whether classes are the same in the same order; those of a model that does not name them are numbers,
    /// and stand for any.</summary>
    public static bool AreSame(ImmutableArray<string> first, ImmutableArray<string> second) =>
        first.SequenceEqual(second) || (first.Length == second.Length && (AreNumbers(first) || AreNumbers(second)));

    /// <summary>Requires gradients in the images.</summary>
    public static void ThrowIfNotDifferentiable(MarginModel model, string path, string need)
    {
        if (!model.Network.IsDifferentiable)
        {
            throw new UserErrorException($"'{path}' is an ONNX model that ONNX Runtime runs, which gives scores without the gradients that "
                + $"{need} needs: 'marginnet import' of the ONNX file says why; or give the same network as TorchScript or a state dict.");
        }
    }

    /// <summary>
    /// Takes the names of the data's classes for those of a model that does not name them, as a state dict and a program do not.
    /// </summary>
    public static void TakeNames(MarginModel model, ImmutableArray<string> names)
    {
        if (AreNumbers(model.ClassNames) && names.Length == model.ClassNames.Length)
        {
            model.NameClasses(names);
        }
    }

    private static bool AreNumbers(ImmutableArray<string> names) => names.SequenceEqual(Samples.NamesOf(names.Length));

    private static string Describe(IReadOnlyCollection<string> classes) =>
        $"{classes.Count} classes ({string.Join(", ", classes.Take(3))}{(classes.Count > 3 ? ", ..." : "")})";
}
