using MarginNet.Training;

namespace MarginNet.GpuCheck;

/// <summary>Hears one kind of report of a training.</summary>
internal sealed class Listener<T>(Action<T> hear) : IProgress<TrainingProgress>
    where T : TrainingProgress
{
    public void Report(TrainingProgress value)
    {
        if (value is T report)
        {
            hear(report);
        }
    }
}
