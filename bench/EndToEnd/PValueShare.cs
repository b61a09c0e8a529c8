using System.Diagnostics;
using System.Globalization;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;

namespace MarginNet.EndToEnd;

/// <summary>How much of the time from a model file and images to a table of p-values is spent outside the network.</summary>
internal static class PValueShare
{
    private const int CalibrationImages = 512;

    /// <summary>Reads the model, scores <paramref name="count"/> images, computes their p-values and writes the table.</summary>
    /// <returns>The seconds of all that, and those of them in the network's forward passes.</returns>
    public static (double Total, double Network) Measure(int count, Problem problem)
    {
        var images = SyntheticShapes.Create(0, count).Test;
        var folder = Directory.CreateTempSubdirectory("marginnet-bench-");
        try
        {
            var (file, table) = (Path.Combine(folder.FullName, "m.pt"), Path.Combine(folder.FullName, "p.csv"));
            SaveModel(file, problem);
            var start = Stopwatch.GetTimestamp();
            var network = WriteTable(file, images, problem.Batch, table);
            return (Stopwatch.GetElapsedTime(start).TotalSeconds, network.TotalSeconds);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A model calibrated on its own decisions: for the time they take, it is all the same whether they are right.</summary>
    private static void SaveModel(string file, Problem problem)
    {
        using var model = new MarginModel(MarginNetContender.CreateNetwork(problem), SyntheticShapes.ClassNames, (32, 32));
        var (classes, margins) = model.Network.Score(SyntheticShapes.Create(CalibrationImages, 0).Train).Decisions();
        model.NullModel = MarginNullModel.Fit(margins, classes, classes, SyntheticShapes.ClassNames.Length);
        model.Save(file);
    }

    private static TimeSpan WriteTable(string file, ImageSet images, int batch, string table)
    {
        using var model = MarginModel.Load(file);
        var (start, inside) = (0L, TimeSpan.Zero);
        _ = model.Network.register_forward_pre_hook((_, input) =>
        {
            start = Stopwatch.GetTimestamp();
            return input;
        });
        _ = model.Network.register_forward_hook((_, _, output) =>
        {
            inside += Stopwatch.GetElapsedTime(start);
            return output;
        });

        var (classes, margins) = model.Network.Score(images, batch).Decisions();
        File.WriteAllLines(table, classes.Select((c, i) =>
        {
            var p = model.NullModel!.Score(margins[i], c);
            return string.Create(CultureInfo.InvariantCulture, $"{i},{images.Labels[i]},{c},{margins[i]:G9},{p.Lower:G9},{p.TwoSided:G9}");
        }));
        return inside > TimeSpan.Zero
            ? inside
            : throw new InvalidOperationException("The network's forward pass was not seen by its hooks.");
    }
}
