using System.Text;
using MarginNet.Checkpoints;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>One plot as a file of the user's choice: what <c>--plot</c> writes.</summary>
internal static class PlotFile
{
    private const int Width = 1000;
    private const int Height = 850;

    /// <summary>Requires a name that says which kind of picture, and a place that can be written.</summary>
    public static void ThrowIfOtherKind(string path)
    {
        if (Path.GetExtension(path) is not (".png" or ".svg"))
        {
            throw new UserErrorException($"--plot is '{path}': expected a name that ends in .png or .svg.");
        }

        AtomicFile.ThrowIfNotWritable(path);
    }

    public static void Save(Plot plot, string path)
    {
        var bytes = Path.GetExtension(path) == ".svg"
            ? Encoding.UTF8.GetBytes(plot.GetSvgXml(Width, Height))
            : plot.GetImageBytes(Width, Height, ImageFormat.Png);
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }
}
