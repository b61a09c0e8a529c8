using MarginNet.Training;

namespace MarginNet.Cli.Output;

/// <summary>
/// Who is told of a training run: the display, and the logs on disk. A log that can no longer be written is given up with a warning;
/// the run goes on.
/// </summary>
internal sealed class RunLogs(IProgress<TrainingProgress> display, IEnumerable<IProgress<TrainingProgress>> logs)
    : IProgress<TrainingProgress>
{
    private readonly List<IProgress<TrainingProgress>> _logs = [.. logs];

    public void Report(TrainingProgress value)
    {
        foreach (var log in _logs.ToArray())
        {
            try
            {
                log.Report(value);
            }
            catch (Exception e) when (ModelDestination.IsOfDisk(e))
            {
                _logs.Remove(log);
                var message = $"warning: {e.Message.ReplaceLineEndings(" ")} {log} ends here, and the run goes on.";
                display.Report(new TrainingWarning(value.Round, message));
            }
        }

        display.Report(value);
    }
}
