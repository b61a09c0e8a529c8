using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>All levers that were thought of, the ones MarginNet uses and the ones it does not,
/// each measured alone against the same work without it.</summary>
internal static class Levers
{
    private const int StepsOfShares = 3; // For each round, since one step is all they need.

    private static readonly (string, string)[] Kept =
        [("MALLOC_MMAP_MAX_", "0"), ("MALLOC_TRIM_THRESHOLD_", "1099511627776"), ("MALLOC_TOP_PAD_", "67108864")];

    /// <summary>Measures them one after the other: a line of JSON each on standard output, a line of a table on standard error.</summary>
    public static void Measure(Problem problem, int rounds)
    {
        ThrowIfScoresDiffer(problem);
        Console.Error.WriteLine($"Width {problem.Width}, batch {problem.Batch}; speed with the lever to speed without, round by round; "
            + "shares in percent of a step");
        Console.Error.WriteLine($"{"",-9} {"",-64} {"min",8} {"median",8} {"max",8} {"of fastest",11}");
        foreach (var lever in Alternating(problem))
        {
            Report(problem, lever, rounds);
        }

        Shares(problem, rounds * StepsOfShares);
        foreach (var lever in InProcesses(problem))
        {
            Report(problem, lever, Math.Max(1, rounds / 3));
        }
    }

    private static void ThrowIfScoresDiffer(Problem problem)
    {
        using var scope = NewDisposeScope();
        using var usual = new ScoringPass(problem, new());
        var scores = usual.Scores();
        PassOptions[] others =
        [
            new() { FoldedBatchNorm = true },
            new() { Input = InputForm.MultiplyAdd },
            new() { Input = InputForm.IntoConvolution },
        ];
        foreach (var other in others)
        {
            using var pass = new ScoringPass(problem, other);
            var difference = (pass.Scores() - scores).abs().max().item<float>();
            if (!(difference <= Agreement.Tolerance))
            {
                throw new InvalidOperationException(
                    $"Scores of {other} differ by {difference:E1}: the speeds would compare different work.");
            }
        }
    }

    private static IEnumerable<Lever> Alternating(Problem problem)
    {
        var (step, pass) = (new StepOptions(), new PassOptions());
        yield return Training("gradient buffers set to null, against zeroed", step, step with { NullGradients = false });
        yield return Training("ReLU in place, against not", step, step with { InPlaceActivations = false });
        yield return Training("input batch channels-last, against NCHW", step, step with { ChannelsLast = false });
        yield return Training("input by multiply-add, against subtract and divide", step with { Input = InputForm.MultiplyAdd }, step);
        yield return Training(
            "deviation in the first convolution, against subtract and divide", step with { Input = InputForm.IntoConvolution }, step);
        yield return Training("SGD, against Adam", step with { Adam = false }, step);
        yield return Training($"{step.Threads} threads, against 1", step, step with { Threads = 1 });
        yield return Scoring("input batch channels-last, against NCHW", pass, pass with { ChannelsLast = false });
        yield return Scoring("batch-norm folded into convolutions, against not", pass with { FoldedBatchNorm = true }, pass);
        yield return Scoring("input by multiply-add, against subtract and divide", pass with { Input = InputForm.MultiplyAdd }, pass);
        yield return Scoring("batches of 32, against 128", pass with { Batch = 32 }, pass);
        yield return Scoring("batches of 256, against 128", pass with { Batch = 256 }, pass);
        yield return Scoring("inference_mode, against no_grad alone", pass with { InferenceMode = true }, pass);
        yield return Scoring($"{pass.Threads} threads, against 1", pass, pass with { Threads = 1 });

        Lever Training(string name, StepOptions with, StepOptions without) =>
            new("training", name, () => new TrainingStep(problem, with), () => new TrainingStep(problem, without));

        Lever Scoring(string name, PassOptions with, PassOptions without) =>
            new("scoring", name, () => new ScoringPass(problem, with), () => new ScoringPass(problem, without));
    }

    private static IEnumerable<Lever> InProcesses(Problem problem)
    {
        (string, string)[] passive = [("OMP_WAIT_POLICY", "passive")];
        (string, string)[] active = [("OMP_WAIT_POLICY", "active")];
        (string, string)[] bound = [.. passive, ("OMP_PROC_BIND", "true")];
        yield return Lever("training", "threads that wait asleep, against spinning", passive, active);
        yield return Lever("training", "the same beside one busy loop", passive, active, busy: true);
        yield return Lever("training", "threads bound to cores beside one busy loop, against not", bound, passive, busy: true);
        yield return Lever("training", "freed memory kept, against returned to the system", [.. passive, .. Kept], passive);
        yield return Lever("scoring", "freed memory kept, against returned to the system", [.. passive, .. Kept], passive);

        Lever Lever(string phase, string name, (string, string)[] with, (string, string)[] without, bool busy = false)
        {
            var command = phase == "training" ? "train" : "score";
            return new(
                phase, name, () => new OwnProcess(command, problem, with, busy), () => new OwnProcess(command, problem, without, busy));
        }
    }

    private static void Shares(Problem problem, int steps)
    {
        using var adam = new TrainingStep(problem, new());
        using var sgd = new TrainingStep(problem, new() { Adam = false });
        var (preparation, ofAdam, ofSgd) = (new double[steps], new double[steps], new double[steps]);
        for (var i = 0; i < steps; i++)
        {
            _ = adam.SecondsPerImage();
            _ = sgd.SecondsPerImage();
            (preparation[i], ofAdam[i], ofSgd[i]) = (100 * adam.PreparationShare, 100 * adam.OptimizerShare, 100 * sgd.OptimizerShare);
        }

        Report(problem, "training", "share of data preparation, %", preparation, null);
        Report(problem, "training", "share of Adam, %", ofAdam, null);
        Report(problem, "training", "share of SGD, %", ofSgd, null);
    }

    private static void Report(Problem problem, Lever lever, int rounds)
    {
        var (ratios, ofFastest) = lever.Measure(rounds);
        Report(problem, lever.Phase, lever.Name, ratios, ofFastest);
    }

    private static void Report(Problem problem, string phase, string name, double[] values, double? ofFastest)
    {
        var (least, median, most) = (values.Min(), Summary.Median(values), values.Max());
        Console.Error.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{phase,-9} {name,-64} {least,8:F3} {median,8:F3} {most,8:F3} {ofFastest,11:F3}"));
        var line = new JsonObject
        {
            ["phase"] = phase,
            ["lever"] = name,
            ["min"] = least,
            ["median"] = median,
            ["max"] = most,
            ["of_fastest"] = ofFastest,
            ["rounds"] = values.Length,
            ["width"] = problem.Width,
            ["batch"] = problem.Batch,
            ["processors"] = Environment.ProcessorCount,
        };
        Console.WriteLine(line.ToJsonString(JsonSerializerOptions.Default));
    }
}
