// Simulates the level of each p-value: the share of fresh right decisions that have one of at most 0.05, 0.01 and 0.001. See bench/levels.
using System.CommandLine;
using System.Globalization;
using MarginNet.Levels;

var work = new Option<int>("--work") { DefaultValueFactory = _ => 60_000, Description = "Calibration samples a class, in all replications together." };
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1, Description = "Of all draws." };
var counts = new Option<int[]>("--samples") { DefaultValueFactory = _ => [30, 100, 1000, 4000], AllowMultipleArgumentsPerToken = true, Description = "Calibration samples a class." };
var alternatives = new Option<bool>("--alternatives") { Description = "Compare other p-values for the lower tail of a class, and what they find." };

var fits = new Option<bool>("--fits") { Description = "How often the test of the fit rejects the mixture of a class." };

var root = new RootCommand("Levels of p-values.") { work, seed, counts, alternatives, fits };
root.SetAction(parsed =>
{
    if (parsed.GetValue(fits))
    {
        FitRejections.Write(parsed.GetValue(counts)!, parsed.GetValue(work), parsed.GetValue(seed));
        return;
    }

    var kinds = parsed.GetValue(alternatives) ? PValueKind.Alternatives : PValueKind.All;
    Console.WriteLine($"| n | shape | {string.Join(" | ", kinds.Select(kind => kind.Name))} |\n|{string.Concat(Enumerable.Repeat("---|", kinds.Length + 2))}");
    var above = 0;
    foreach (var count in parsed.GetValue(counts)!)
    {
        var replications = Math.Clamp(parsed.GetValue(work) / count, 20, 2000);
        var simulations = Shape.All.Select(shape => (shape.Name, Result: new Simulation(shape, count, kinds, replications, parsed.GetValue(seed))));
        foreach (var (shape, result) in simulations)
        {
            Console.WriteLine($"| {count} | {shape} | {string.Join(" | ", kinds.Select((_, k) => Cell(result.False[k])))} |");
            above += result.False.Sum(rates => rates.Where((rate, a) => rate.Exceeds(Simulation.Levels[a])).Count());
            if (parsed.GetValue(alternatives))
            {
                Console.WriteLine($"| | found, of margins a tenth as large | {string.Join(" | ", kinds.Select((_, k) => Cell(result.True[k])))} |");
                Console.WriteLine($"| | AUROC | {string.Join(" | ", result.Auroc.Select(rate => rate.Mean.ToString("f3", CultureInfo.InvariantCulture)))} |");
            }
        }
    }

    Console.WriteLine($"\n{above} rates are above their level by more than their 95 % interval.");
});
return root.Parse(args).Invoke();

// Percentages at the three levels with half an interval each; bold where above.
static string Cell(Rate[] rates) => string.Join(" / ", rates.Select((rate, a) => string.Create(
    CultureInfo.InvariantCulture, $"{(rate.Exceeds(Simulation.Levels[a]) ? "**" : "")}{100 * rate.Mean:0.0##}±{100 * rate.HalfWidth:0.0##}{(rate.Exceeds(Simulation.Levels[a]) ? "**" : "")}")));
