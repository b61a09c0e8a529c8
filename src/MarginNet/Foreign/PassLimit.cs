using System.Globalization;

namespace MarginNet.Foreign;

/// <summary>How long one pass of a program may take: <see cref="LoadOptions.TimeLimit"/>.</summary>
/// <param name="Time">The longest time; null for any.</param>
/// <param name="Exceeded">Told of a pass that nothing can stop.</param>
internal sealed record PassLimit(TimeSpan? Time, Action<string>? Exceeded)
{
    public static PassLimit Of(LoadOptions options) => new(options.TimeLimit, options.TimeLimitExceeded);

    /// <summary>Calls <paramref name="stop"/> once when the time is over, unless the watch is disposed before.</summary>
    public PassWatch Start(Action stop) => new(Time, stop);

    /// <summary>Tells <see cref="Exceeded"/> when the time is over, unless the watch is disposed before.</summary>
    public PassWatch Start(long images) => new(Exceeded is null ? null : Time, () => Exceeded?.Invoke(Message(images)));

    public string Message(long images) => string.Create(
        CultureInfo.InvariantCulture, $"It ran for more than {Time!.Value.TotalSeconds:0.###} s " +
            $"{(images > 0 ? $"on {images} images" : "while it was loaded")} and is given up: it may never end; a slow one needs more " +
            $"by --time-limit (LoadOptions.TimeLimit).");
}
