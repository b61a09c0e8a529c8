using System.Collections.Concurrent;
using MarginNet.PValues;
using MarginNet.Serving;

namespace MarginNet.Tests.Serving;

/// <summary>A network of three classes on images of four numbers, f = (4 a + shift, 4 b, c), which can be held up and fail.</summary>
internal sealed class FakeModel(string version, float shift, FakeLoader loader) : IServedModel
{
    private int _scoring;

    public ModelCard Card { get; } = new(version, ["a", "b", "c"], 1, 2, 2);

    public MarginNullModel NullModel => FakeLoader.NullModel;

    public bool IsDisposed { get; private set; }

    public float[] Score(Memory<float> images, int count)
    {
        loader.MostAtOnce = Math.Max(loader.MostAtOnce, Interlocked.Increment(ref _scoring));
        Assert.False(IsDisposed);
        loader.Entered++;
        loader.Gate.Wait();
        if (loader.IsWatched)
        {
            loader.Batches.Enqueue(count);
        }

        if (loader.Failure is { } failure)
        {
            Interlocked.Decrement(ref _scoring);
            throw failure;
        }

        var scores = new float[3 * count];
        for (var i = 0; i < count; i++)
        {
            var image = images.Span.Slice(4 * i, 4);
            Scores(image, shift).CopyTo(scores, 3 * i);
        }

        images.Span.Clear(); // As it may.
        Interlocked.Decrement(ref _scoring);
        return scores;
    }

    public static float[] Scores(ReadOnlySpan<float> image, float shift) =>
        image[3] == 0.25f ? [float.NaN, 0, 0] : [(4 * image[0]) + shift, 4 * image[1], image[2]];

    public void Dispose() => IsDisposed = true;
}

/// <summary>Makes a new version of the fake model each time, unless it is told otherwise.</summary>
internal sealed class FakeLoader : IModelLoader
{
    public static MarginNullModel NullModel { get; } = Fit();

    public ManualResetEventSlim Gate { get; } = new(initialState: true);

    public Exception? Failure { get; set; }

    public Exception? LoadFailure { get; set; }

    public bool IsWatched { get; set; }

    /// <summary>The most batches that one model scored at the same time.</summary>
    public int MostAtOnce { get; set; }

    /// <summary>How often a batch has begun.</summary>
    public int Entered { get; set; }

    public bool IsFrozen { get; set; }

    public ConcurrentQueue<int> Batches { get; } = new();

    public List<FakeModel> Loaded { get; } = [];

    public static float ShiftOf(string version) => int.Parse(version, System.Globalization.CultureInfo.InvariantCulture) * 0.125f;

    private static MarginNullModel Fit()
    {
        var random = new Random(7);
        int[] labels = [.. Enumerable.Range(0, 300).Select(i => i % 3)];
        return MarginNullModel.Fit([.. labels.Select(_ => 0.05 + (4 * random.NextDouble()))], labels, labels, 3);
    }

    public IServedModel Load(MarginNetOptions options)
    {
        if (LoadFailure is { } failure)
        {
            throw failure;
        }

        var version = FormattableString.Invariant($"{(IsFrozen ? Loaded.Count - 1 : Loaded.Count)}");
        var model = new FakeModel(version, ShiftOf(version), this);
        Loaded.Add(model);
        return model;
    }
}
