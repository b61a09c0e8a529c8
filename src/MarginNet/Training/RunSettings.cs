using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MarginNet.Checkpoints;
using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>What a run's weights depend on, as plain values by name, so that a state is not taken for one of another run.</summary>
internal static class RunSettings
{
    private const int DigestLength = 16; // Hexadecimal digits; against mistakes, not against forgery.

    public static Dictionary<string, object?> Of(
        TrainingOptions options, ImageSet train, ImageSet? test) => new(options.Checkpoints?.Settings ?? new Dictionary<string, object?>())
        {
            ["loss"] = options.Loss.Name,
            ["mu"] = options.TargetMargin,
            ["sample_margins"] = options.SampleMargins.IsEmpty ? null : Digest(MemoryMarshal.AsBytes(options.SampleMargins.AsSpan())),
            ["temperature"] = options.Temperature,
            ["lipschitz_margin"] = options.LipschitzMargin,
            ["lipschitz_projection"] = options.LipschitzProjection,
            ["parseval"] = options.Parseval,
            ["robust"] = options.Robust?.ToString(),
            ["ramp_epochs"] = (long)options.RampEpochs,
            ["rounds"] = (long)options.Rounds,
            ["epochs"] = (long)options.Epochs,
            ["warmup_epochs"] = (long)options.WarmupEpochs,
            ["lambda_update"] = options.DualUpdate.Name,
            ["delta"] = options.DualUpdate.Step,
            ["normalize_lambda"] = options.NormalizeDualWeights,
            ["lambda_cap"] = options.DualWeightCap,
            ["batch_size"] = (long)options.BatchSize,
            ["optimizer"] = options.Optimizer.ToString(),
            ["learning_rate"] = options.LearningRate,
            ["schedule"] = options.Schedule.ToString(),
            ["weight_decay"] = options.WeightDecay,
            ["bias_rate_factor"] = options.BiasRateFactor,
            ["augment"] = options.Augment,
            ["max_shift"] = (long)options.MaxShift,
            ["initial_size"] = (long?)options.InitialSize,
            ["seed"] = (long)options.Seed,
            ["precision"] = options.Precision == Precision.Float32 ? null : options.Precision.ToString(), // As before there was a choice.
            ["record_margins"] = options.RecordMargins ? true : null,
            ["synchronize_batch_norm"] = options.SynchronizeBatchNorm ? true : null,
            ["deterministic"] = options.Deterministic ? true : null,
            ["training_images"] = Digest(train),
            ["test_images"] = test is null ? null : Digest(test),
        };

    /// <summary>What only the last digits of the weights depend on.</summary>
    public static Dictionary<string, object?> Machine(Device device) => new()
    {
        ["threads"] = (long)get_num_threads(),
        ["device"] = device.type.ToString(),
    };

    /// <summary>The settings that differ, such as <c>epochs was 5 and is 6</c>; empty where none does.</summary>
    public static string Differences(PlainDictionary before, Dictionary<string, object?> now) =>
        string.Join("; ", before.Keys.Union(now.Keys)
            .Where(name => !Equals(before.Values.GetValueOrDefault(name), now.GetValueOrDefault(name)))
            .Select(name => FormattableString.Invariant(
                $"{FileText.Show(name)} was {Show(before.Values.GetValueOrDefault(name))} and is {Show(now.GetValueOrDefault(name))}")));

    private static object Show(object? value) => value is string text ? FileText.Show(text) : value ?? "none";

    private static string Digest(ImageSet images)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes([images.Channels, images.Height, images.Width]));
        hash.AppendData(MemoryMarshal.AsBytes(images.Labels));
        for (var i = 0; i < images.Count; i++)
        {
            hash.AppendData(images.Pixels(i));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..DigestLength];
    }

    /// <summary>The first digits of the SHA-256 of bytes.</summary>
    public static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..DigestLength];
}
