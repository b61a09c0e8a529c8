using MarginNet.Cli.Output;
using MarginNet.Training;

namespace MarginNet.Cli.Tests.Output;

public sealed class RunLogsTests
{
    private static readonly EpochProgress Epoch = new(1, 1, 0.1, 5, 0.5, 0.9, 0.8, null);

    [Fact]
    public void A_log_that_can_no_longer_be_written_is_given_up_once_and_the_others_go_on()
    {
        var (display, full, whole) = (new Listener("display"), new Listener("The history h") { Room = 1 }, new Listener("other"));
        var logs = new RunLogs(display, [full, whole]);
        for (var i = 0; i < 4; i++)
        {
            logs.Report(Epoch);
        }

        Assert.Equal([Epoch], full.Heard);
        Assert.Equal([Epoch, Epoch, Epoch, Epoch], whole.Heard);
        var warning = Assert.IsType<TrainingWarning>(display.Heard[1]);
        Assert.Equal("warning: No space left. The history h ends here, and the run goes on.", warning.Message);
        Assert.Equal([Epoch, warning, Epoch, Epoch, Epoch], display.Heard);
    }

    [Fact]
    public void What_is_no_matter_of_the_disk_passes_through() =>
        Assert.Throws<InvalidOperationException>(() => new RunLogs(new Listener("display"), [new Failing()]).Report(Epoch));

    private sealed class Listener(string name) : IProgress<TrainingProgress>
    {
        public int Room { get; set; } = int.MaxValue;

        public List<TrainingProgress> Heard { get; } = [];

        public void Report(TrainingProgress value)
        {
            if (Heard.Count == Room)
            {
                throw new IOException("No space\nleft.");
            }

            Heard.Add(value);
        }

        public override string ToString() => name;
    }

    private sealed class Failing : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => throw new InvalidOperationException();
    }
}
