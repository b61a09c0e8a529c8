using MarginNet.Serving;

namespace MarginNet.Tests.Serving;

public sealed class ReloadTests
{
    [Fact]
    public async Task What_was_asked_before_is_judged_by_the_old_model_and_the_rest_by_the_new_one()
    {
        await using var service = new FakeService();
        var held = await service.Hold();
        var before = service.Guard.JudgeAsync(FakeService.Image(1));
        var reloading = Task.Run(service.Guard.Reload);
        service.Loader.Gate.Set(); // The new one is tried before it is taken.
        await reloading;
        Assert.Equal("1", service.Guard.Model.Version);
        Assert.Equal(service.Expected(2, "1"), await service.Guard.JudgeAsync(FakeService.Image(2)));
        Assert.Equal([service.Expected(0), service.Expected(1)], await Task.WhenAll(held, before));
        await WaitUntil(() => service.Loader.Loaded[0].IsDisposed);
        Assert.False(service.Loader.Loaded[1].IsDisposed);
    }

    [Fact]
    public async Task Under_load_nothing_is_lost_and_every_verdict_is_that_of_the_model_it_names()
    {
        const int Clients = 8;
        const int Least = 300;
        const int Models = 20;
        await using var service = new FakeService(options => (options.MaxBatchSize, options.ConcurrentBatches) = (5, 3));
        using var done = new CancellationTokenSource();
        var reloads = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                service.Guard.Reload();
                await Task.Delay(1);
            }
        });
        var verdicts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var own = new List<(int Image, Verdict Verdict)>();
            for (var i = client; own.Count < Least || int.Parse(service.Guard.Model.Version, null) < Models; i += Clients)
            {
                own.Add((i, await service.Guard.JudgeAsync(FakeService.Image(i))));
            }

            return own;
        })));
        await done.CancelAsync();
        await reloads;
        Assert.All(verdicts.SelectMany(own => own), one => Assert.Equal(service.Expected(one.Image, one.Verdict.Model), one.Verdict));
        Assert.InRange(verdicts.SelectMany(own => own).Select(one => one.Verdict.Model).Distinct().Count(), 2, int.MaxValue);
        await service.DisposeAsync();
        Assert.All(service.Loader.Loaded, model => Assert.True(model.IsDisposed));
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_leaves_the_old_one_until_one_can()
    {
        await using var service = new FakeService();
        service.Loader.LoadFailure = new InvalidDataException("It is damaged.");
        Assert.Throws<InvalidDataException>(service.Guard.Reload);
        Assert.Equal(service.Expected(1), await service.Guard.JudgeAsync(FakeService.Image(1)));
        service.Loader.LoadFailure = null;
        service.Guard.Reload();
        Assert.Equal(service.Expected(1, "1"), await service.Guard.JudgeAsync(FakeService.Image(1)));
    }

    [Fact]
    public async Task A_model_with_the_same_bytes_changes_nothing()
    {
        await using var service = new FakeService();
        service.Loader.IsFrozen = true;
        var batches = service.Get<MarginGuard>().Current;
        service.Guard.Reload();
        Assert.Same(batches, service.Get<MarginGuard>().Current);
        Assert.Equal([false, true], service.Loader.Loaded.Select(model => model.IsDisposed));
    }

    internal static async Task WaitUntil(Func<bool> condition)
    {
        for (var end = DateTime.UtcNow.AddMinutes(3); !condition() && DateTime.UtcNow < end;)
        {
            await Task.Delay(5);
        }

        Assert.True(condition());
    }
}
