using System.Text;
using MarginNet.Cli;

namespace MarginNet.Fuzz;

/// <summary>Command lines, an argument a line. All are parsed; those that end quickly are run, on files of a few numbers.</summary>
internal static class Arguments
{
    private static readonly string[] Run = ["calibrate", "pvalue", "evaluate", "detect"];

    // Standard input, bootstraps of any length and figures may take as long as they like.
    private static readonly string[] OnlyParsed = ["-", "--resamples", "--plot"];

    private static readonly string[] Values =
    [
        "", " ", "-1", "0", "1", "2147483647", "2147483648", "-0", "NaN", "1e999", "1e-999", "0,5", "abc", "\u0000", "\n", "\u001b[31m",
        "@x", "--", "-", "'", "\"", "ö", "x=y", "null.json", "l.npy", "y.npy", "out.csv", "out.json", "nowhere/x.json", ".", "..", "bh",
        "class", "pooled", "lower", "formula", "youden", "cost", "fpr", "alpha",
    ];

    private static readonly Lazy<string[]> Options = new(
        () => [.. CommandLine.CreateRoot().Subcommands
            .SelectMany(command => command.Options.SelectMany(option => option.Aliases.Prepend(option.Name)).Append(command.Name))
            .Distinct()]);

    private static readonly Lazy<DirectoryInfo> Folder = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("marginnet-fuzz-");
        File.WriteAllBytes(Path.Combine(folder.FullName, "l.npy"), Fuzz.Seeds.Logits());
        File.WriteAllBytes(Path.Combine(folder.FullName, "y.npy"), Fuzz.Seeds.Labels());
        File.WriteAllBytes(Path.Combine(folder.FullName, "null.json"), Fuzz.Seeds.NullModelJson());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        return folder;
    });

    public static byte[][] Seeds { get; } =
    [
        Line("calibrate --logits l.npy --labels y.npy --out o.json --alpha 0.1"),
        Line("calibrate --logits l.npy --labels y.npy --out o.json --rule youden --rule-logits l.npy --rule-labels y.npy"),
        Line("pvalue --logits l.npy --labels y.npy --calibration null.json --output o.csv --tail lower --alpha 0.05"),
        Line("pvalue --logits l.npy --calibration null.json --adjust bh --tail two-sided"),
        Line("evaluate --logits l.npy --labels y.npy --mu 5 --bins 10 --json o.json"),
        Line("detect --logits l.npy --labels y.npy --calibration null.json --ood-logits l.npy"),
        Line("train --data synthetic --epochs 3 --rounds 2 --loss dual-hinge --mu 50 --lr 1e-3 --augment "
            + "--checkpoint-every 10m --resume --out m.pt"),
        Line("reproduce --preset smoke --seeds 2 --epsilon 0.1"),
        Line("attack --surrogate a.pt --model b.pt c.pt --method pgd --epsilon 8/255 --steps 3 --out x.npy"),
        Line("lipschitz --model m.pt"),
        Line("certify --model m.pt --data folder --data-dir d --image-size 32"),
        Line("detect --help"),
    ];

    /// <summary>Changes, drops, repeats or moves whole arguments.</summary>
    public static byte[] Damage(Mutator mutator, byte[] file)
    {
        var arguments = Split(file).ToList();
        for (var i = mutator.Random.Next(1, 4); i > 0 && arguments.Count > 0; i--)
        {
            var at = mutator.Random.Next(arguments.Count);
            switch (mutator.Random.Next(7))
            {
                case 0: arguments.RemoveAt(at); break;
                case 1: arguments.Insert(at, arguments[mutator.Random.Next(arguments.Count)]); break;
                case 2: arguments.Insert(at, mutator.Pick(Options.Value)); break;
                case 3: arguments[at] += mutator.Pick(Values); break;
                case 4: arguments.InsertRange(at, [mutator.Pick(Options.Value), mutator.Pick(Values)]); break;
                default: arguments[at] = mutator.Pick(Values); break;
            }
        }

        return Lines(arguments);
    }

    public static void Read(string path)
    {
        var arguments = Split(File.ReadAllBytes(path));
        if (EndsQuickly(arguments))
        {
            RunTool(arguments);
        }
    }

    /// <summary>The options of a command that ends quickly, from a configuration file.</summary>
    public static void ReadConfiguration(string path) => RunTool(["evaluate", "--logits", "l.npy", "--labels", "y.npy", "--config", path]);

    private static void RunTool(string[] arguments)
    {
        var before = Environment.CurrentDirectory;
        var (output, error) = (new StringWriter(), new StringWriter());
        try
        {
            Environment.CurrentDirectory = Folder.Value.FullName;
            var exitCode = CommandLine.RunAsync(arguments, output, error).GetAwaiter().GetResult();
            if (exitCode is not (0 or 2))
            {
                throw new InvalidOperationException($"Exit code {exitCode} of {string.Join(' ', arguments)}: {error}");
            }

            if (exitCode == 2)
            {
                throw new InvalidDataException($"fuzz: {error.ToString().TrimEnd('\n')}");
            }
        }
        finally
        {
            Environment.CurrentDirectory = before;
            foreach (var file in Folder.Value.EnumerateFiles().Where(file => file.Name is not ("l.npy" or "y.npy" or "null.json")))
            {
                file.Delete();
            }
        }
    }

    /// <summary>Whether they are of a command that ends quickly, or a mistake, which the tool tells in one line.</summary>
    private static bool EndsQuickly(string[] arguments)
    {
        try
        {
            var parsed = CommandLine.Parse(arguments);
            return parsed.Errors.Count > 0 || (Run.Contains(parsed.CommandResult.Command.Name) && !arguments.Any(OnlyParsed.Contains));
        }
        catch (Exception e) when (e is UserErrorException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static byte[] Line(string arguments) => Lines(arguments.Split(' '));

    private static byte[] Lines(IEnumerable<string> arguments) => Fuzz.Seeds.Utf8(string.Join('\u001f', arguments));

    private static string[] Split(byte[] file) => Encoding.UTF8.GetString(file).Split('\u001f');
}
