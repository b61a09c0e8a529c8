// Decides a set of the competition on verification and compares each answer with those that other tools published.
using System.Globalization;
using MarginNet.Bench.Verification;
using MarginNet.Verification;
using static TorchSharp.torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (Arguments.Parse(args) is not { } arguments)
{
    Console.Error.WriteLine(
        "Usage: bench/run-verification FOLDER [--timeout SECONDS] [--threads N] [--only sat|unsat] [--out results.csv]");
    return 2;
}

set_num_threads(arguments.Threads);
var set = BenchmarkSet.Read(arguments.Folder);
var published = PublishedAnswers.Read(set);
Instance[] instances = [.. set.Instances.Where(instance => arguments.Only is null || published.Of(instance) == arguments.Only)];
using var results = new ResultFile(arguments.Results);
var contradictions = 0;
foreach (var (i, instance) in instances.Index())
{
    var verdict = set.Decide(instance, arguments.Timeout);
    var known = published.Of(instance);
    var isWrong = (verdict.Answer, known) is (Answer.Unsat, "sat") or (Answer.Sat, "unsat");
    contradictions += isWrong ? 1 : 0;
    results.Add(instance, verdict, known);
    Console.Error.WriteLine($"{i + 1} of {instances.Length}: {instance.Name}: {Verdict.Name(verdict.Answer)} in {verdict.Seconds:F2} s, "
        + $"published {known}{(isWrong ? ", CONTRADICTION" : "")}. {verdict.Reason}");
}

results.Summarize(contradictions);
return contradictions == 0 ? 0 : 1;
