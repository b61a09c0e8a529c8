using Microsoft.Extensions.Options;

namespace MarginNet.Serving;

/// <summary>Says of each option that is wrong its name in the configuration, its value and what is expected.</summary>
internal sealed class MarginNetOptionsValidator : IValidateOptions<MarginNetOptions>
{
    private const int LargestBatch = 65_536;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, MarginNetOptions options)
    {
        List<string> wrong = [];
        if (string.IsNullOrWhiteSpace(options.Model))
        {
            wrong.Add($"{MarginNetOptions.Section}:{nameof(options.Model)} is not given: name the model file.");
        }

        Expect(options.Alpha is null or (> 0 and < 1), nameof(options.Alpha), options.Alpha, "a share in (0, 1), or nothing");
        Expect(
            options.MaxBatchSize is >= 1 and <= LargestBatch, nameof(options.MaxBatchSize), options.MaxBatchSize, $"1 to {LargestBatch}");
        Expect(InRange(options.MaxWait, LongestWait), nameof(options.MaxWait), options.MaxWait, $"0 to {LongestWait}");
        Expect(options.QueueLimit >= 1, nameof(options.QueueLimit), options.QueueLimit, "1 or more");
        Expect(
            options.ConcurrentBatches is >= 0 and <= LargestBatch, nameof(options.ConcurrentBatches), options.ConcurrentBatches,
            "0 for one a core, or a number of batches");
        Expect(options.Threads >= 0, nameof(options.Threads), options.Threads, "0 for all cores, or a number of threads");
        Expect(
            InRange(options.ReloadInterval, LongestInterval), nameof(options.ReloadInterval), options.ReloadInterval,
            $"0 for never, to {LongestInterval}");
        Expect(
            options.DriftAlpha is >= 0 and < 1, nameof(options.DriftAlpha), options.DriftAlpha, "0 for no watch, or a probability below 1");
        Expect(options.DriftWindow >= 10, nameof(options.DriftWindow), options.DriftWindow, "10 or more");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Expect(bool isRight, string option, object? value, string expected)
        {
            if (!isRight)
            {
                wrong.Add(FormattableString.Invariant($"{MarginNetOptions.Section}:{option} is {value}: expected {expected}."));
            }
        }
    }

    private static bool InRange(TimeSpan value, TimeSpan longest) => value >= TimeSpan.Zero && value <= longest;
}
