using System.Text.Json;
using MarginNet.Training;

namespace MarginNet.Cli.Output;

/// <summary>The history of a run as JSON lines: its settings, then each epoch and each round as it ends.</summary>
internal sealed class HistoryFile : IProgress<TrainingProgress>, IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private readonly string _path;
    private readonly StreamWriter _file;
    private readonly IReadOnlyDictionary<string, object?> _settings;

    public HistoryFile(string path, IReadOnlyDictionary<string, object?> settings)
    {
        _path = path;
        _file = new StreamWriter(path) { AutoFlush = true };
        _settings = settings;
        WriteStart();
    }

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case EpochProgress epoch:
                WriteEpoch(epoch);
                break;
            case RoundProgress round:
                WriteRound(new(round.Round, round.Constraints.Total, round.Constraints.Met));
                break;
            case RestoredProgress restored:
                WriteAgain(restored);
                break;
        }
    }

    public override string ToString() => $"The history {_path}";

    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // It writes once more what it could not write before, when that was told.
        }
    }

    /// <summary>Cuts the history back to a kept state.</summary>
    private void WriteAgain(RestoredProgress restored)
    {
        _file.BaseStream.SetLength(0);
        WriteStart();
        for (var round = 0; round <= restored.Round; round++)
        {
            restored.History.Where(epoch => epoch.Round == round).ToList().ForEach(WriteEpoch);
            restored.Rounds.Where(summary => summary.Round == round).ToList().ForEach(WriteRound);
        }
    }

    private void WriteStart() => Write(new { Event = "start", Settings = _settings });

    private void WriteEpoch(EpochProgress epoch) =>
        Write(
            new { Event = "epoch", epoch.Round, epoch.Epoch, epoch.LearningRate, epoch.TargetMargin, epoch.Loss, epoch.Accuracy, epoch.ConstraintsMet, epoch.TestAccuracy });

    private void WriteRound(RoundSummary round) => Write(new { Event = "round", round.Round, round.Constraints, round.Met });

    private void Write<T>(T line) => _file.WriteLine(JsonSerializer.Serialize(line, Json));
}
