using System.Diagnostics;
using System.Globalization;
using MarginNet.Backdoors;
using MarginNet.Data;
using MarginNet.ModelFiles;

namespace MarginNet.BackdoorBench;

/// <summary>Repairs the networks of a folder by bounds of their activations, learnt on clean images, and measures both on others.</summary>
internal static class Repair
{
    public static void Run(ImageDataset data, string folder, int cleanPerClass, int seed, ActivationClampOptions options)
    {
        var (clean, test) = Split(data.Test, data.ClassNames.Length, cleanPerClass);
        Console.WriteLine("network\ttarget\taccuracy\tsuccess\trepaired accuracy\trepaired success\tkept\ttightness\tseconds");
        foreach (var path in Directory.GetFiles(folder, "*.pt").Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            var number = int.Parse(name[(name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);
            var target = number % data.ClassNames.Length;
            var (channels, height, width) = (test.Channels, test.Height, test.Width);
            var trigger = name.Contains("-patch-", StringComparison.Ordinal) ? Trigger.Patch(channels, height, width)
                : name.Contains("-blended-", StringComparison.Ordinal) ? Trigger.Noise(channels, height, width, seed + number)
                : null;
            using var model = MarginModel.Load(path);
            var attacked = trigger?.OnOthers(test, target);
            var clock = Stopwatch.StartNew();
            var repaired = ActivationClamp.Learn(model.Network, clean, options);
            using var network = repaired.Network;
            var seconds = clock.Elapsed.TotalSeconds;
            string Success(Models.Classifier of) =>
                attacked is null ? "" : Trial.Share(of, attacked).ToString("f3", CultureInfo.InvariantCulture);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}\t{(trigger is null ? "" : target)}\t{Trial.Share(model.Network, test):f3}\t{Success(model.Network)}\t")
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Trial.Share(network, test):f3}\t{Success(network)}\t{repaired.Kept:f3}\t{repaired.Tightness:f3}\t{seconds:f0}"));
        }
    }

    /// <summary>The last images of each class, and the others.</summary>
    private static (ImageSet Clean, ImageSet Test) Split(ImageSet images, int classes, int perClass)
    {
        int[][] own = [.. Enumerable.Range(0, classes).Select(c =>
            Enumerable.Range(0, images.Count).Where(i => images.Labels[i] == c).ToArray())];
        return (
            images.Select([.. own.SelectMany(indices => indices[^perClass..])]),
            images.Select([.. own.SelectMany(indices => indices[..^perClass])]));
    }
}
