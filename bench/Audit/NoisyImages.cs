using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Data;

namespace MarginNet.AuditBench;

/// <summary>Training images with their true classes, and the labels that noise made of them.</summary>
/// <param name="Images">The images under their noisy labels.</param>
/// <param name="True">The true classes, shape [N].</param>
/// <param name="ClassNames">The names of the classes.</param>
internal sealed record NoisyImages(ImageSet Images, int[] True, ImmutableArray<string> ClassNames)
{
    /// <summary>Which labels are wrong, shape [N].</summary>
    public bool[] IsWrong => [.. True.Select((label, i) => Images.Labels[i] != label)];

    /// <summary>Reads the images that a file lists.</summary>
    /// <param name="folder">Where their paths start.</param>
    /// <param name="labelsFile">Rows of image, true class and human labels, under a header.</param>
    /// <param name="noise">A column of human labels; or symmetric:p, a share p of labels made another, whichever it is; or class:p,
    /// made the next class.</param>
    /// <param name="perClass">Images of each class, the first ones.</param>
    /// <param name="seed">Decides which labels are made wrong.</param>
    public static NoisyImages Read(string folder, string labelsFile, string noise, int perClass, int seed)
    {
        string[][] lines = [.. File.ReadLines(labelsFile).Select(line => line.Split(','))];
        var (header, rows) = (lines[0], lines[1..]);
        ImmutableArray<string> names = [.. rows.Select(row => row[1]).Distinct().Order(StringComparer.Ordinal)];
        rows = [.. rows.GroupBy(row => row[1]).OrderBy(own => own.Key, StringComparer.Ordinal)
            .SelectMany(own => own.OrderBy(row => row[0], StringComparer.Ordinal).Take(perClass))];
        int[] classes = [.. rows.Select(row => names.IndexOf(row[1]))];
        var (kind, share) = noise.Split(':') is [var name, var p] ? (name, double.Parse(p, CultureInfo.InvariantCulture)) : (noise, 0);
        var random = new Random(seed);
        int Another(int c, int step) => random.NextDouble() < share ? (c + step) % names.Length : c;
        int[] given = kind switch
        {
            "symmetric" => [.. classes.Select(c => Another(c, 1 + random.Next(names.Length - 1)))],
            "class" => [.. classes.Select(c => Another(c, 1))],
            _ => [.. rows.Select(row => names.IndexOf(row[Array.IndexOf(header, kind)]))],
        };
        return new(ImageFolder.ReadImages([.. rows.Select(row => Path.Combine(folder, row[0]))]).WithLabels(given), classes, names);
    }
}
