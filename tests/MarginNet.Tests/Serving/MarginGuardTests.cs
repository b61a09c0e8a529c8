using MarginNet.Serving;

namespace MarginNet.Tests.Serving;

public sealed class MarginGuardTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(7, 3)]
    [InlineData(64, 0)]
    public async Task Every_request_gets_its_own_verdict_that_of_one_by_one_to_the_bit(int maxBatchSize, int concurrentBatches)
    {
        await using var service = new FakeService(options =>
            (options.MaxBatchSize, options.ConcurrentBatches) = (maxBatchSize, concurrentBatches));
        var verdicts = await Task.WhenAll(
            Enumerable.Range(0, 500).Select(i => Task.Run(() => service.Guard.JudgeAsync(FakeService.Image(i)))));
        Assert.Equal(Enumerable.Range(0, 500).Select(i => service.Expected(i)), verdicts);
        Assert.Equal(500, service.Loader.Batches.Sum());
        Assert.InRange(service.Loader.Batches.Max(), 1, maxBatchSize);
        Assert.InRange(service.Loader.MostAtOnce, 1, concurrentBatches > 0 ? concurrentBatches : Environment.ProcessorCount);
    }

    [Fact]
    public async Task Many_images_of_one_request_are_judged_in_their_order()
    {
        await using var service = new FakeService(options => options.MaxBatchSize = 8);
        var verdicts = await service.Guard.JudgeAsync(FakeService.Images(50));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => service.Expected(i)), verdicts);
        Assert.Empty(await service.Guard.JudgeAsync([]));
    }

    [Fact]
    public async Task What_waits_is_scored_at_once_up_to_the_largest_batch()
    {
        await using var service = new FakeService(options => options.MaxBatchSize = 8);
        var held = await service.Hold();
        Task<Verdict>[] waiting = [.. Enumerable.Range(1, 20).Select(i => service.Guard.JudgeAsync(FakeService.Image(i)))];
        service.Loader.Gate.Set();
        await Task.WhenAll([held, .. waiting]);
        Assert.Equal([1, 8, 8, 4], service.Loader.Batches);
    }

    [Fact]
    public async Task A_batch_waits_for_others_no_longer_than_it_may_and_not_at_all_when_it_is_full()
    {
        await using (var patient = new FakeService(options => (options.MaxBatchSize, options.MaxWait) = (4, TimeSpan.FromMinutes(1))))
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i => patient.Guard.JudgeAsync(FakeService.Image(i)))).WaitAsync(Soon);
            Assert.Equal([4, 4], patient.Loader.Batches);
        }

        await using var brief = new FakeService(options => (options.MaxBatchSize, options.MaxWait) = (4, TimeSpan.FromMilliseconds(20)));
        Assert.Equal(brief.Expected(3), await brief.Guard.JudgeAsync(FakeService.Image(3)).WaitAsync(Soon));
    }

    [Fact]
    public async Task A_full_queue_refuses_what_comes_all_of_it_or_nothing_and_takes_it_later()
    {
        await using var service = new FakeService(options => options.QueueLimit = 4);
        var held = await service.Hold();
        Task<Verdict>[] waiting = [.. Enumerable.Range(1, 3).Select(i => service.Guard.JudgeAsync(FakeService.Image(i)))];
        ReadOnlyMemory<float>[] two = [FakeService.Image(4), FakeService.Image(5)];
        var refusal = await Assert.ThrowsAsync<GuardBusyException>(() => service.Guard.JudgeAsync(two));
        Assert.Equal("3 images wait, and 2 more would be above the limit of 4: try again later.", refusal.Message);
        var last = service.Guard.JudgeAsync(FakeService.Image(4));
        await Assert.ThrowsAsync<GuardBusyException>(() => service.Guard.JudgeAsync(FakeService.Image(5)));
        service.Loader.Gate.Set();
        await Task.WhenAll([held, .. waiting, last]);
        Assert.Equal(service.Expected(4), await last);
        Assert.Equal([service.Expected(4), service.Expected(5)], await service.Guard.JudgeAsync(two));
    }

    [Fact]
    public async Task A_cancelled_request_ends_at_once_is_not_scored_and_hurts_no_other()
    {
        await using var service = new FakeService();
        using var cancellation = new CancellationTokenSource();
        var held = await service.Hold();
        var before = service.Guard.JudgeAsync(FakeService.Image(1));
        var cancelled = service.Guard.JudgeAsync(FakeService.Image(2), cancellation.Token);
        var after = service.Guard.JudgeAsync(FakeService.Image(3));
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Soon)); // While the model is held up.
        service.Loader.Gate.Set();
        Assert.Equal([service.Expected(0), service.Expected(1), service.Expected(3)], await Task.WhenAll(held, before, after));
        Assert.Equal([1, 2], service.Loader.Batches);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => service.Guard.JudgeAsync(FakeService.Image(1), cancellation.Token));
    }

    [Fact]
    public async Task An_image_whose_scores_are_not_finite_fails_alone()
    {
        await using var service = new FakeService();
        var held = await service.Hold();
        var bad = service.Guard.JudgeAsync(new float[] { 0, 0, 0, 0.25f });
        var good = service.Guard.JudgeAsync(FakeService.Image(1));
        service.Loader.Gate.Set();
        Assert.Contains("not finite", (await Assert.ThrowsAsync<InvalidDataException>(() => bad)).Message, StringComparison.Ordinal);
        Assert.Equal(service.Expected(1), await good);
        await held;
    }

    [Fact]
    public async Task A_batch_that_fails_is_told_to_those_in_it_and_the_next_is_scored()
    {
        await using var service = new FakeService();
        service.Loader.Failure = new InvalidOperationException("out of memory");
        Assert.Equal(
            "out of memory",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => service.Guard.JudgeAsync(FakeService.Image(1)))).Message);
        service.Loader.Failure = null;
        Assert.Equal(service.Expected(1), await service.Guard.JudgeAsync(FakeService.Image(1)));
    }

    [Theory]
    [InlineData(new float[0], "but got 0 numbers.")]
    [InlineData(new[] { 0f, 0, 1 }, "but got 3 numbers from 0 to 1.")]
    [InlineData(new[] { 0f, 0, 1, 2 }, "but got 4 numbers from 0 to 2.")]
    [InlineData(new[] { 0f, 0, 1, -0.5f }, "but got 4 numbers from -0.5 to 1.")]
    [InlineData(new[] { 0f, float.NaN, 1, 0 }, "but got 4 numbers from NaN to NaN.")]
    public async Task What_is_no_image_is_refused_by_one_line(float[] pixels, string expected)
    {
        await using var service = new FakeService();
        var refusal = await Assert.ThrowsAsync<InvalidDataException>(() => service.Guard.JudgeAsync(pixels));
        Assert.Equal($"Expected 1 x 2 x 2 = 4 pixels in [0, 1], {expected}", refusal.Message);
    }

    [Fact]
    public async Task A_rate_that_is_given_takes_the_place_of_the_calibrations_rule()
    {
        await using var none = new FakeService(options => options.Alpha = 1e-9);
        await using var most = new FakeService(options => options.Alpha = 0.9);
        var images = FakeService.Images(200);
        Assert.DoesNotContain(await none.Guard.JudgeAsync(images), verdict => verdict.Flagged);
        Assert.InRange((await most.Guard.JudgeAsync(images)).Count(verdict => verdict.Flagged), 100, 200);
    }

    [Fact]
    public async Task What_waits_at_the_end_is_judged_before_the_model_is_disposed()
    {
        var service = new FakeService();
        var held = await service.Hold();
        var waiting = service.Guard.JudgeAsync(FakeService.Image(1));
        await service.DisposeAsync();
        Assert.Equal([service.Expected(0), service.Expected(1)], await Task.WhenAll(held, waiting).WaitAsync(Soon));
        Assert.True(service.Loader.Loaded.Single().IsDisposed);
    }

    private static TimeSpan Soon => TimeSpan.FromMinutes(3);
}
