using MarginNet.Serving;

namespace MarginNet.Tests.Serving;

public sealed class DriftWatchTests
{
    private const double Alpha = 0.1;
    private const int Window = 100;

    /// <summary>At most a share α of windows alarms: 4 standard errors above that, over 1,000 windows of streams of their own.</summary>
    [Fact]
    public void Without_drift_a_window_alarms_with_a_probability_of_at_most_alpha()
    {
        const int Streams = 1000;
        var alarms = Enumerable.Range(0, Streams).Count(seed =>
        {
            var random = new Random(seed);
            var watch = new DriftWatch(Alpha, Window);
            return Enumerable.Range(0, 2 * Window).Any(_ => watch.Add(Math.Round(random.NextDouble(), 2))); // With ties.
        });
        Assert.InRange(alarms, 0, Streams * (Alpha + (4 * Math.Sqrt(Alpha * (1 - Alpha) / Streams))));
    }

    [Fact]
    public void Every_window_is_compared_with_the_first_one_so_that_a_drift_that_stays_is_found_in_each()
    {
        var random = new Random(1);
        var watch = new DriftWatch(Alpha, Window);
        int AlarmsIn(int windows, double power) =>
            Enumerable.Range(0, windows * Window).Count(_ => watch.Add(Math.Pow(random.NextDouble(), power)));
        Assert.Equal(0, AlarmsIn(1, 1));
        Assert.Equal(0, watch.LogMartingale);
        Assert.Equal(5, AlarmsIn(5, 6)); // One at most in a window.
        Assert.True(watch.HasAlarmed);
    }

    [Fact]
    public void An_alpha_of_0_watches_for_nothing()
    {
        var watch = new DriftWatch(0, Window);
        Assert.DoesNotContain(Enumerable.Range(0, 1000), i => watch.Add(i < 500 ? 1 : 0));
        Assert.Equal((0, false), (watch.LogMartingale, watch.HasAlarmed));
    }
}
