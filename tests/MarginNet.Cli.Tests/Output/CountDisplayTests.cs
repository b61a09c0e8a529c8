using MarginNet.Cli.Output;

namespace MarginNet.Cli.Tests.Output;

public sealed class CountDisplayTests
{
    [Fact]
    public void Work_of_a_few_seconds_is_not_worth_a_line()
    {
        using var error = new StringWriter();
        var display = new CountDisplay(error, "scored", "images", 100, () => TimeSpan.FromSeconds(4.9));
        Enumerable.Range(0, 101).ToList().ForEach(display.Report);
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public void Longer_work_is_told_every_few_seconds_with_the_time_left_in_proportion()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var seconds = 0;
        var display = new CountDisplay(error, "scored", "images", 20, () => TimeSpan.FromSeconds(seconds));
        Assert.Equal(Enumerable.Range(0, 20), display.Watch(Enumerable.Range(0, 20).Select(item =>
        {
            seconds += 3;
            return item;
        })));
        string[] expected =
        [
            "scored 2 of 20 images, 0:00:54 left", "scored 4 of 20 images, 0:00:48 left", "scored 6 of 20 images, 0:00:42 left",
            "scored 8 of 20 images, 0:00:36 left", "scored 10 of 20 images, 0:00:30 left", "scored 12 of 20 images, 0:00:24 left",
            "scored 14 of 20 images, 0:00:18 left", "scored 16 of 20 images, 0:00:12 left",
            "scored 18 of 20 images, 0:00:06 left",
        ];
        Assert.Equal(expected, error.ToString().TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Slow_work_is_named_and_quick_work_is_not()
    {
        using var error = new StringWriter { NewLine = "\n" };
        new SlowNote(error, "quick", TimeSpan.FromMinutes(10)).Dispose();
        using (new SlowNote(error, "slow", TimeSpan.FromMilliseconds(1)))
        {
            while (error.ToString().Length < "slow\n".Length)
            {
                await Task.Delay(5);
            }
        }

        Assert.Equal("slow\n", error.ToString());
    }
}
