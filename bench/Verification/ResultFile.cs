using MarginNet.Verification;

namespace MarginNet.Bench.Verification;

/// <summary>A row for each instance, written as it ends, and counts of all.</summary>
internal sealed class ResultFile : IDisposable
{
    private readonly StreamWriter _file;
    private readonly List<(Verdict Verdict, string Published)> _rows = [];

    public ResultFile(string path)
    {
        _file = new(path) { AutoFlush = true };
        _file.WriteLine("network,property,answer,seconds,published,reason");
    }

    public void Add(Instance instance, Verdict verdict, string published)
    {
        _rows.Add((verdict, published));
        var name = $"{Path.GetFileName(instance.Network)},{Path.GetFileName(instance.Property)}";
        _file.WriteLine(FormattableString.Invariant(
            $"{name},{Verdict.Name(verdict.Answer)},{verdict.Seconds:F3},{published},\"{verdict.Reason}\""));
    }

    public void Summarize(int contradictions)
    {
        int Count(Answer answer) => _rows.Count(row => row.Verdict.Answer == answer);
        Console.WriteLine("| instances | solved | unsat | sat | timeout | unknown | published sat found | contradictions | seconds |");
        Console.WriteLine("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        var (unsat, sat) = (Count(Answer.Unsat), Count(Answer.Sat));
        var found = _rows.Count(row => row is { Verdict.Answer: Answer.Sat, Published: "sat" });
        Console.WriteLine($"| {_rows.Count} | {unsat + sat} | {unsat} | {sat} | {Count(Answer.Timeout)} | {Count(Answer.Unknown)} | "
            + $"{found} of {_rows.Count(row => row.Published == "sat")} | "
            + $"{contradictions} | {_rows.Sum(row => row.Verdict.Seconds):F0} |");
    }

    public void Dispose() => _file.Dispose();
}
