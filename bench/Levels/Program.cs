// Simulates the level of each p-value: the share of fresh right decisions that have one of at most 0.05, 0.01 and 0.001.
// See bench/run-levels.
using System.CommandLine;
using System.Globalization;
using MarginNet.Levels;
using MathNet.Numerics.Distributions;

var work = new Option<int>("--work")
{
    DefaultValueFactory = _ => 30_000,
    Description = "Calibration samples a class, in all replications together, of which there are 20 to 2,000.",
};
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1, Description = "Of all draws." };
var counts = new Option<int[]>("--samples")
{
    DefaultValueFactory = _ => [30, 100, 1000, 4000],
    AllowMultipleArgumentsPerToken = true,
    Description = "Calibration samples a class.",
};
var alternatives = new Option<bool>("--alternatives")
{
    Description = "Compare other p-values for the lower tail of a class, and what they find.",
};

var fits = new Option<bool>("--fits") { Description = "How often the test of the fit rejects the mixture of a class." };

var root = new RootCommand("Levels of p-values.") { work, seed, counts, alternatives, fits };
root.SetAction(parsed =>
{
    if (parsed.GetValue(fits))
    {
        FitRejections.Write(parsed.GetValue(counts)!, parsed.GetValue(work), parsed.GetValue(seed));
        return;
    }

    var (kinds, samples) = (parsed.GetValue(alternatives) ? PValueKind.Alternatives : PValueKind.All, parsed.GetValue(counts)!);
    var rates = samples.Length * Shape.All.Length * kinds.Length * Simulation.Levels.Length;
    var jointly = Normal.InvCDF(0, 1, 1 - (0.05 / rates)); // Bonferroni
    var (alone, together) = (0, 0);
    Console.WriteLine($"| n | shape | {string.Join(" | ", kinds.Select(kind => kind.Name))} "
        + $"|\n|{string.Concat(Enumerable.Repeat("---|", kinds.Length + 2))}");
    foreach (var count in samples)
    {
        var replications = Math.Clamp(parsed.GetValue(work) / count, 20, 2000);
        foreach (var shape in Shape.All)
        {
            var result = new Simulation(shape, count, kinds, replications, parsed.GetValue(seed));
            Console.WriteLine($"| {count} | {shape.Name} | {string.Join(" | ", result.False.Select(own => Cell(own, jointly)))} |");
            double[] excesses = [.. result.False.SelectMany(own => own.Select((rate, a) => rate.Excess(Simulation.Levels[a])))];
            (alone, together) = (alone + excesses.Count(excess => excess > 1.96), together + excesses.Count(excess => excess > jointly));
            if (parsed.GetValue(alternatives))
            {
                Console.WriteLine("| | found, of margins a tenth as large | "
                    + $"{string.Join(" | ", result.True.Select(own => Cell(own, double.PositiveInfinity)))} |");
                Console.WriteLine(
                    $"| | AUROC | {string.Join(" | ", result.Auroc.Select(rate => rate.Mean.ToString("f3", CultureInfo.InvariantCulture)))} |");
            }
        }
    }

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"\nOf {rates} rates {alone} are above their level by more than their 95 % interval ({0.025 * rates:0} would be by chance, "
        + $"if all were exact), and {together} by more than the {jointly:f2} standard errors that one in twenty "
        + $"such tables has anywhere (bold)."));
});
return root.Parse(args).Invoke();

// Percentages at the three levels with half a 95 % interval each; bold where above.
static string Cell(Rate[] rates, double limit) => string.Join(" / ", rates.Select((rate, a) =>
{
    var mark = rate.Excess(Simulation.Levels[a]) > limit ? "**" : "";
    return string.Create(CultureInfo.InvariantCulture, $"{mark}{100 * rate.Mean:0.0##} ± {100 * rate.HalfWidth:0.0##}{mark}");
}));
