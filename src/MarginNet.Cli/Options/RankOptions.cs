using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.Training;

namespace MarginNet.Cli.Options;

/// <summary>How the ranks of <c>mpirun</c> train together.</summary>
internal sealed class RankOptions
{
    private readonly Option<bool> _synchronize = new("--sync-batch-norm")
    {
        Description = "Under mpirun, let batch-norms normalise by the images of all ranks, as one process does, "
            + "instead of by each rank's own.",
    };

    private readonly Option<bool> _deterministic = new("--deterministic")
    {
        Description = $"Give the same bytes for any number of ranks of mpirun up to {TrainingOptions.FixedParts}, "
            + $"with as many threads each: every batch is computed in {TrainingOptions.FixedParts} parts, which is slower.",
    };

    public Option[] All => [_synchronize, _deterministic];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    /// <summary>Has the ranks train by some options.</summary>
    public TrainingOptions Apply(ParseResult parsed, TrainingOptions options, TrainingRanks ranks)
    {
        var (synchronizes, isDeterministic) = (parsed.GetValue(_synchronize), parsed.GetValue(_deterministic));
        var count = ranks.Group?.Size ?? 1;
        if (isDeterministic && (synchronizes || options.LipschitzMargin > 0))
        {
            throw new UserErrorException(
                "--deterministic goes with neither --sync-batch-norm nor --lipschitz-margin: leave one of them out.");
        }

        if (options.Robust is not null && (isDeterministic || ranks.Group is not null))
        {
            throw new UserErrorException("--robust trains in one process: leave out --deterministic and mpirun.");
        }

        if (isDeterministic && count > TrainingOptions.FixedParts)
        {
            throw new UserErrorException($"--deterministic is for up to {TrainingOptions.FixedParts} ranks, but there are {count}.");
        }

        return options.BatchSize >= count
            ? options with { Group = ranks.Group, SynchronizeBatchNorm = synchronizes, Deterministic = isDeterministic }
            : throw new UserErrorException($"--batch-size is {options.BatchSize}, but there are {count} ranks to split it over: raise it.");
    }
}
