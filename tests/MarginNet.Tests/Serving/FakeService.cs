using MarginNet.Margins;
using MarginNet.PValues;
using MarginNet.Serving;
using Microsoft.Extensions.DependencyInjection;

namespace MarginNet.Tests.Serving;

/// <summary>The services of a program that judges by the fake model.</summary>
internal sealed class FakeService : IAsyncDisposable
{
    private static readonly FlagRule Rule = FlagRule.Calibrate(FakeLoader.NullModel, 0.05);
    private readonly ServiceProvider _provider;

    public FakeService(Action<MarginNetOptions>? configure = null)
    {
        _provider = new ServiceCollection()
            .AddSingleton<IModelLoader>(Loader)
            .AddMarginNet(options =>
            {
                options.Model = "fake.onnx";
                options.ConcurrentBatches = 1;
                configure?.Invoke(options);
            })
            .BuildServiceProvider();
        Guard = _provider.GetRequiredService<IMarginGuard>();
        Loader.IsWatched = true;
    }

    public FakeLoader Loader { get; } = new();

    public IMarginGuard Guard { get; }

    public T Get<T>()
        where T : notnull => _provider.GetRequiredService<T>();

    /// <summary>An image of its own for every number, in [0, 1].</summary>
    public static float[] Image(int i)
    {
        var random = new Random(i);
        return [random.NextSingle(), random.NextSingle(), random.NextSingle(), 0.5f];
    }

    public static ReadOnlyMemory<float>[] Images(int count) => [.. Enumerable.Range(0, count).Select(i => (ReadOnlyMemory<float>)Image(i))];

    /// <summary>What the library says of it by itself.</summary>
    public Verdict Expected(int i, string version = "0")
    {
        var (decided, margin) = DecisionMargin.Compute(FakeModel.Scores(Image(i), FakeLoader.ShiftOf(version)));
        var p = FakeLoader.NullModel.Score(margin, decided, Rule.Null);
        return new(((string[])["a", "b", "c"])[decided], margin, p.Of(Rule.Tail), Rule.Flags(p), version);
    }

    /// <summary>Holds the model up in a batch of one image, so that what is asked next waits.</summary>
    public async Task<Task<Verdict>> Hold(int image = 0)
    {
        var before = Loader.Entered;
        Loader.Gate.Reset();
        var held = Task.Run(() => Guard.JudgeAsync(Image(image)));
        await ReloadTests.WaitUntil(() => Loader.Entered > before);
        return held;
    }

    public ValueTask DisposeAsync()
    {
        Loader.Gate.Set();
        return _provider.DisposeAsync();
    }
}
