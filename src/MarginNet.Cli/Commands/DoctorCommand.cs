using System.CommandLine;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet doctor</c>: what a report of a fault should contain, and whether something is wrong with this machine.</summary>
internal sealed class DoctorCommand : Command
{
    private const int SomethingIsWrong = 2;

    private readonly JsonOption _json = new();

    public DoctorCommand()
        : base("doctor", "Tell what a bug report should contain: versions, processor, whether LibTorch computes rightly here. "
            + "Exit code 2 where something is wrong, with its cure.")
    {
        _json.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        _json.ThrowIfNotWritable(parsed);
        var table = new DiagnosisTable(Diagnosis.Make());
        _json.Report(parsed, table.Write, table.Write);
        table.WriteProblems(_json.Remarks(parsed));
        return table.HasProblems ? SomethingIsWrong : 0;
    }
}
