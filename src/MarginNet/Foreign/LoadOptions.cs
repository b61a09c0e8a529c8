using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using MarginNet.Data;

namespace MarginNet.Foreign;

/// <summary>
/// What a model file of another program does not say, and what the caller allows. A file of <see cref="ModelFiles.MarginModel.Save"/> holds
/// the first three itself.
/// </summary>
public sealed record LoadOptions
{
    /// <summary>
    /// The mean and deviation that the network's author subtracted from each channel of pixels in [0, 1] and divided by. Default
    /// null: the network takes pixels in [0, 1] as they are.
    /// </summary>
    public ChannelStatistics? Normalization { get; init; }

    /// <summary>
    /// Height and width of the network's images. Default null: what the file says; for a ResNet-18 with the small stem 32×32, with
    /// the large one 224×224; a TorchScript program does not say and needs it.
    /// </summary>
    public (int Height, int Width)? ImageSize { get; init; }

    /// <summary>The name of each class. Default null: 0, 1, 2, and so on.</summary>
    public ImmutableArray<string>? ClassNames { get; init; }

    /// <summary>
    /// Which of several networks in a PyTorch checkpoint, by the key or the beginning of the names that it has there, such as
    /// <c>state_dict_ema</c>. Default null: the only one, or the one under the usual names.
    /// </summary>
    public string? Weights { get; init; }

    /// <summary>
    /// Which output of a program that has several has the scores: its name, the key in a dictionary, or its number in a tuple from 0.
    /// Default null: the only one that can be scores.
    /// </summary>
    public string? Output { get; init; }

    /// <summary>
    /// Whether the softmax at the end of an ONNX model is kept, so that its scores are probabilities. Default false: it is taken off, since
    /// margins are of logits. One that ONNX Runtime runs is left as it is.
    /// </summary>
    public bool KeepSoftmax { get; init; }

    /// <summary>
    /// Whether to run a TorchScript program. Default false: it is refused, for loading it alone may read and write files, and an
    /// operator unknown to LibTorch ends the process. Set it for programs of people you trust only.
    /// </summary>
    public bool TrustTorchScript { get; init; }

    /// <summary>
    /// TorchScript programs that may be run although <see cref="TrustTorchScript"/> is false, by the SHA-256 of the archive in hexadecimal
    /// lower case. Default empty. A file that holds such a program may be another one.
    /// </summary>
    public ImmutableHashSet<string> TrustedPrograms { get; init; } = [];

    /// <summary>
    /// The longest time that one pass of a TorchScript or ONNX program may take on a batch of images. Default null, any: a program may run
    /// for ever. An ONNX pass is then ended by <see cref="InvalidDataException"/>; nothing within a process can end a TorchScript pass,
    /// see <see cref="TimeLimitExceeded"/>.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>
    /// Called, on another thread and with a sentence for the user, when a TorchScript program runs longer than <see cref="TimeLimit"/>,
    /// for a caller that can end the process. Default null: the pass goes on.
    /// </summary>
    public Action<string>? TimeLimitExceeded { get; init; }

    /// <summary>Whether the first of several outputs is taken, as files of before <see cref="Output"/> mean it.</summary>
    internal bool TakesFirstOutput { get; init; }

    /// <summary>Whether a ReLU follows the last layer, which no state dict says.</summary>
    internal bool Rectify { get; init; }

    /// <summary>Whether anything is said of the model.</summary>
    internal bool Describes =>
        Normalization is not null || ImageSize is not null || ClassNames is not null || Weights is not null || Output is not null;

    internal bool Trusts(ReadOnlyMemory<byte> program) =>
        TrustTorchScript || (!TrustedPrograms.IsEmpty && TrustedPrograms.Contains(Convert.ToHexStringLower(SHA256.HashData(program.Span))));

    internal ImmutableArray<string> NamesFor(int classCount) => ClassNames is not { } names
        ? [.. Enumerable.Range(0, classCount).Select(c => c.ToString(CultureInfo.InvariantCulture))]
        : names.Length == classCount
            ? names
            : throw new InvalidDataException($"It has {classCount} classes, but {names.Length} class names were given: give one for each.");

    internal ChannelStatistics NormalizationFor(int channels)
    {
        var statistics = Normalization ?? new([.. Enumerable.Repeat(0.0, channels)], [.. Enumerable.Repeat(1.0, channels)]);
        if (!statistics.CanNormalize)
        {
            throw new InvalidDataException(
                "Its normalization has a number that is not finite, or a deviation below 0: give the mean and deviation of each channel.");
        }

        return statistics.Mean.Length == channels && statistics.StandardDeviation.Length == channels
            ? statistics
            : throw new InvalidDataException($"It takes images of {channels} channels, but the normalization has {statistics.Mean.Length} "
                + $"means and {statistics.StandardDeviation.Length} deviations: give one of each for each channel.");
    }
}
