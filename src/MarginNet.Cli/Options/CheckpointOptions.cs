using System.CommandLine;
using System.CommandLine.Parsing;
using MarginNet.Training;

namespace MarginNet.Cli.Options;

/// <summary>How a training run survives being killed, and diverging.</summary>
internal sealed class CheckpointOptions
{
    private const int MaxRollbacks = 5;
    private const string RollBack = "rollback";

    private readonly Option<Interval?> _every = new("--checkpoint-every")
    {
        Description = "Keep the state of the run every N epochs, or every 30s, 10m or 2h, so that --resume goes on from there. "
            + "Default with --resume or a rollback: 1.",
        CustomParser = Parse,
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "Go on from the kept state of the same command, to the very weights of a run that was not interrupted; "
            + "from the beginning where there is none.",
    };

    private readonly Option<string> _divergence = new("--on-divergence")
    {
        Description = $"stop, or {RollBack}: go back to the last kept state and on at half the learning rate, "
            + $"{MaxRollbacks} times at most.",
        DefaultValueFactory = _ => "stop",
    };

    public Option[] All => [_every, _resume, _divergence];

    public void AddTo(Command command)
    {
        _divergence.AcceptOnlyFromAmong("stop", RollBack);
        Array.ForEach(All, command.Add);
    }

    /// <summary>Where the state is kept; null where none is.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="path">The file of the state.</param>
    /// <param name="settings">What must be the same in the run that is resumed, beside how it is trained.</param>
    public TrainingCheckpoints? Read(ParseResult parsed, string path, IReadOnlyDictionary<string, object?> settings)
    {
        var (every, resume, rollBack) = (parsed.GetValue(_every), parsed.GetValue(_resume), parsed.GetValue(_divergence) == RollBack);
        var checkpoints = new TrainingCheckpoints(path)
        {
            EveryEpochs = every is null ? 1 : every.Epochs,
            Every = every?.Time,
            Resume = resume,
            MaxRollbacks = rollBack ? MaxRollbacks : 0,
            Settings = settings,
        };
        return checkpoints.Exist && !resume
            ? throw new UserErrorException(
                $"'{path}' is the state of a run that was interrupted: add --resume to go on from it, or delete it to start anew.")
            : every is not null || resume || rollBack ? checkpoints : null;
    }

    private static Interval? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        var unit = text.Length > 0 ? text[^1] : ' ';
        var seconds = unit switch { 's' => 1, 'm' => 60, 'h' => 3600, _ => 0 };
        if (seconds > 0 && Number.TryParse<double>(text.AsSpan(0, text.Length - 1), out var time) && time > 0
            && time * seconds <= TimeSpan.MaxValue.TotalSeconds / 2)
        {
            return new(0, TimeSpan.FromSeconds(time * seconds));
        }

        if (seconds == 0 && Number.TryParse<int>(text, out var epochs) && epochs >= 1)
        {
            return new(epochs, null);
        }

        result.AddError($"--checkpoint-every is '{text}': expected a number of epochs, at least 1, or a time such as 30s, 10m or 2h.");
        return null;
    }

    private sealed record Interval(int Epochs, TimeSpan? Time);
}
