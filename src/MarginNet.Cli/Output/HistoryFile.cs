using System.Text.Json;
using MarginNet.Training;

namespace MarginNet.Cli.Output;

/// <summary>The history of a run as JSON lines: its settings, then each epoch and each round as it ends.</summary>
internal sealed class HistoryFile : IProgress<TrainingProgress>, IDisposable
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private readonly StreamWriter _file;

    public HistoryFile(string path, IReadOnlyDictionary<string, object?> settings)
    {
        _file = new StreamWriter(path) { AutoFlush = true };
        Write(new { Event = "start", Settings = settings });
    }

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case EpochProgress epoch:
                Write(new { Event = "epoch", epoch.Round, epoch.Epoch, epoch.LearningRate, epoch.TargetMargin, epoch.Loss, epoch.Accuracy, epoch.ConstraintsMet, epoch.TestAccuracy });
                break;
            case RoundProgress round:
                Write(new { Event = "round", round.Round, Constraints = round.Constraints.Total, round.Constraints.Met });
                break;
        }
    }

    public void Dispose() => _file.Dispose();

    private void Write<T>(T line) => _file.WriteLine(JsonSerializer.Serialize(line, Json));
}
