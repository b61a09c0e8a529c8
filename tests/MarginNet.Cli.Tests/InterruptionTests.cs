namespace MarginNet.Cli.Tests;

public sealed class InterruptionTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    [Fact]
    public void A_command_that_ends_in_time_is_left_alone_however_often_it_is_signalled()
    {
        using var error = new StringWriter();
        var (cancelled, exits) = (0, 0);
        using (var interruption = new Interruption(error, Long, _ => exits++))
        {
            using var stopped = new ManualResetEventSlim();
            interruption.Token.Register(() =>
            {
                cancelled++;
                stopped.Set();
            });
            interruption.Signal();
            interruption.Signal();
            interruption.Signal();
            Assert.True(stopped.Wait(Long));
        }

        Assert.Equal((1, 0, ""), (cancelled, exits, error.ToString()));
    }

    [Theory]
    [InlineData(false, " Saved.")]
    [InlineData(true, " No room.")]
    public void A_command_that_does_not_end_is_ended_whether_or_not_anything_can_be_saved(bool fails, string expected)
    {
        using var error = new StringWriter();
        using var ended = new ManualResetEventSlim();
        var exitCode = 0;
        using var interruption = new Interruption(error, TimeSpan.FromMilliseconds(20), code =>
        {
            exitCode = code;
            ended.Set();
        });
        using (interruption.OnLastResort(() => fails ? throw new IOException("No\nroom.") : "Saved."))
        {
            interruption.Signal();
            Assert.True(ended.Wait(Long));
        }

        Assert.Equal(130, exitCode);
        var lines = error.ToString().TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("marginnet: stopping as soon as the step under way has ended, within 0.02 s", lines[0], StringComparison.Ordinal);
        Assert.EndsWith($"did not end within 0.02 s (MARGINNET_STOP_SECONDS).{expected}", lines[1].TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_after_the_end_changes_nothing()
    {
        using var error = new StringWriter();
        var exits = 0;
        var interruption = new Interruption(error, TimeSpan.Zero, _ => exits++);
        interruption.Dispose();
        interruption.Signal();
        Assert.Equal((0, ""), (exits, error.ToString()));
    }

    [Theory]
    [InlineData("0.5", 0.5)]
    [InlineData("60", 60)]
    [InlineData(null, Interruption.DefaultSeconds)]
    [InlineData("", Interruption.DefaultSeconds)]
    [InlineData("0", Interruption.DefaultSeconds)]
    [InlineData("-1", Interruption.DefaultSeconds)]
    [InlineData("NaN", Interruption.DefaultSeconds)]
    [InlineData("1e9", Interruption.DefaultSeconds)]
    [InlineData("soon", Interruption.DefaultSeconds)]
    public void The_time_to_stop_in_is_a_number_of_seconds(string? text, double expected) =>
        Assert.Equal(expected, Interruption.Patience(text).TotalSeconds);
}
