using System.Diagnostics;
using System.Diagnostics.Metrics;
using MarginNet.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace MarginNet.Tests.Serving;

public sealed class GuardMetricsTests
{
    [Fact]
    public async Task Decisions_and_flags_are_counted_by_class_and_numbers_are_recorded_once()
    {
        await using var service = new FakeService(options => options.Alpha = 0.3);
        using var listened = new Listened(service);
        var verdicts = await service.Guard.JudgeAsync(FakeService.Images(100));
        foreach (var own in verdicts.GroupBy(verdict => verdict.Class))
        {
            Assert.Equal(own.Count(), listened.Sum("marginnet.decisions", own.Key));
            Assert.Equal(own.Count(verdict => verdict.Flagged), listened.Sum("marginnet.flags", own.Key));
        }

        Assert.Equal(verdicts.Select(verdict => verdict.PValue).Order(), listened.All("marginnet.p_value").Order());
        Assert.Equal(verdicts.Select(verdict => verdict.Margin).Order(), listened.All("marginnet.margin").Order());
        Assert.Equal(100, listened.Sum("marginnet.batch.size"));
        Assert.Equal(listened.All("marginnet.batch.size").Count, listened.All("marginnet.score.duration").Count);
        Assert.InRange(Assert.Single(listened.All("marginnet.judge.duration")), 0, 60);
    }

    [Fact]
    public async Task Refusals_reloads_and_the_queue_are_measured()
    {
        await using var service = new FakeService(options => options.QueueLimit = 2);
        using var listened = new Listened(service);
        var held = await service.Hold();
        var waiting = service.Guard.JudgeAsync(FakeService.Image(1));
        await Assert.ThrowsAsync<GuardBusyException>(() => service.Guard.JudgeAsync([FakeService.Image(1), FakeService.Image(2)]));
        Assert.Equal(2, listened.Sum("marginnet.refusals"));
        Assert.Equal(1, listened.Look("marginnet.queue.length"));
        service.Loader.Gate.Set();
        await Task.WhenAll(held, waiting);
        Assert.Equal(0, listened.Look("marginnet.queue.length"));
        service.Guard.Reload();
        service.Loader.LoadFailure = new IOException("gone");
        Assert.Throws<IOException>(service.Guard.Reload);
        Assert.Equal((1, 1), (listened.Sum("marginnet.reloads", "loaded"), listened.Sum("marginnet.reloads", "refused")));
    }

    [Fact]
    public async Task A_span_of_each_question_tells_its_images_and_flags()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "MarginNet",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var service = new FakeService();
        var verdict = await service.Guard.JudgeAsync(FakeService.Image(5));
        var span = Assert.Single(spans);
        Assert.Equal("marginnet.judge", span.OperationName);
        Assert.Equal(
            new object[] { 1, verdict.Flagged ? 1 : 0, "0" },
            ((string[])["images", "flagged", "model"]).Select(name => span.GetTagItem($"marginnet.{name}")));
    }

    [Fact]
    public async Task Health_is_what_it_judges_by()
    {
        await using var service = new FakeService(options => options.QueueLimit = 1);
        Assert.Equal(HealthStatus.Healthy, (await Check(service)).Status);

        service.Loader.LoadFailure = new InvalidDataException("It is damaged.");
        Assert.Throws<InvalidDataException>(service.Guard.Reload);
        var degraded = await Check(service);
        Assert.Equal(HealthStatus.Degraded, degraded.Status);
        Assert.Contains("It is damaged.", degraded.Description, StringComparison.Ordinal);

        service.Loader.Failure = new InvalidOperationException("out of memory");
        await Assert.ThrowsAsync<InvalidOperationException>(() => service.Guard.JudgeAsync(FakeService.Image(1)));
        var failed = await Check(service);
        Assert.Equal((HealthStatus.Unhealthy, "The last batch failed: out of memory"), (failed.Status, failed.Description));

        (service.Loader.Failure, service.Loader.LoadFailure) = (null, null);
        service.Guard.Reload();
        var held = await service.Hold();
        var waiting = service.Guard.JudgeAsync(FakeService.Image(1));
        var full = await Check(service);
        Assert.Equal((HealthStatus.Unhealthy, 1), (full.Status, full.Data["waiting"]));
        service.Loader.Gate.Set();
        await Task.WhenAll(held, waiting);
        Assert.Equal(HealthStatus.Healthy, (await Check(service)).Status);
    }

    [Fact]
    public async Task Drift_is_an_alarm_a_degraded_health_and_begins_anew_with_another_model()
    {
        await using var service = new FakeService(options => options.DriftWindow = 200);
        using var listened = new Listened(service);
        await service.Guard.JudgeAsync(FakeService.Images(200));
        Assert.Equal(0, listened.Look("marginnet.drift.log_martingale"));
        for (var i = 0; i < 200; i++)
        {
            await service.Guard.JudgeAsync(new[] { 0.5f, 0.5f + (i * 1e-4f), 0, 0.5f }); // Small margins, one like the other.
        }

        Assert.Equal(1, listened.Sum("marginnet.drift.alarms"));
        Assert.InRange(listened.Look("marginnet.drift.log_martingale"), Math.Log(100), double.MaxValue);
        Assert.Equal(HealthStatus.Degraded, (await Check(service)).Status);
        service.Guard.Reload();
        Assert.Equal(HealthStatus.Healthy, (await Check(service)).Status);
    }

    private static async Task<HealthCheckResult> Check(FakeService service)
    {
        var options = new HealthCheckRegistration("marginnet", _ => null!, HealthStatus.Unhealthy, []);
        var check = ActivatorUtilities.CreateInstance<GuardHealthCheck>(service.Get<IServiceProvider>());
        return await check.CheckHealthAsync(new() { Registration = options });
    }

    /// <summary>What the meter of one service tells.</summary>
    private sealed class Listened : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly List<(string Name, double Value, string? Tag)> _told = [];

        public Listened(FakeService service)
        {
            var factory = service.Get<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == "MarginNet" && ReferenceEquals(instrument.Meter.Scope, factory))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Tell(instrument, value, tags));
            _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Tell(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Tell(instrument, value, tags));
            _listener.Start();
        }

        public double Sum(string name, string? tag = null)
        {
            lock (_told)
            {
                return _told.Where(one => one.Name == name && (tag is null || one.Tag == tag)).Sum(one => one.Value);
            }
        }

        public IReadOnlyList<double> All(string name)
        {
            lock (_told)
            {
                return [.. _told.Where(one => one.Name == name).Select(one => one.Value)];
            }
        }

        public double Look(string name)
        {
            lock (_told)
            {
                _told.RemoveAll(one => one.Name == name);
            }

            _listener.RecordObservableInstruments();
            return Assert.Single(All(name));
        }

        public void Dispose() => _listener.Dispose();

        private void Tell(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_told)
            {
                _told.Add((instrument.Name, value, tags.IsEmpty ? null : (string?)tags[0].Value));
            }
        }
    }
}
