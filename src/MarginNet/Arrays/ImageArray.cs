using MarginNet.Checkpoints;
using MarginNet.Data;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MarginNet.Arrays;

/// <summary>
/// Images as numbers instead of bytes, float32, shape [N, C, H, W], pixels in [0, 1]: such as attacked ones, which rounding to
/// bytes would change. Kept in a .npy file that <c>numpy.load</c> opens. Immutable.
/// </summary>
public sealed class ImageArray
{
    private const float LargestPixel = 16; // An attack that does not clip leaves [0, 1] by ε; images of 0 to 255 go far beyond.
    private const float LargestAttack = 0.4f; // No attack in use leaves [0, 1] by more, and every usual normalisation does.

    private readonly float[] _values;

    /// <summary>Takes the pixels of N images, one after the other, each channel-planar.</summary>
    /// <param name="values">The pixels, length N·C·H·W, finite; not copied, so the caller hands them over.</param>
    /// <param name="channels">C, at least 1.</param>
    /// <param name="height">H, at least 1.</param>
    /// <param name="width">W, at least 1.</param>
    /// <exception cref="ArgumentException">The length is no multiple of an image's.</exception>
    public ImageArray(float[] values, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (values.Length % ((long)channels * height * width) != 0)
        {
            throw new ArgumentException($"{values.Length} pixels do not make images of {channels}×{height}×{width}.", nameof(values));
        }

        (_values, Channels, Height, Width) = (values, channels, height, width);
    }

    /// <summary>The number of images N.</summary>
    public int Count => _values.Length / (Channels * Height * Width);

    /// <summary>The number of colour channels C.</summary>
    public int Channels { get; }

    /// <summary>The height H in pixels.</summary>
    public int Height { get; }

    /// <summary>The width W in pixels.</summary>
    public int Width { get; }

    /// <summary>The pixels of one image, shape [C, H, W].</summary>
    /// <param name="index">The image, in [0, N).</param>
    public ReadOnlySpan<float> this[int index] => _values.AsSpan(index * Channels * Height * Width, Channels * Height * Width);

    /// <summary>The smallest and the largest pixel.</summary>
    public (float Least, float Most) Range => (TensorPrimitives.Min<float>(_values), TensorPrimitives.Max<float>(_values));

    /// <summary>Reads images.</summary>
    /// <param name="path">A .npy file of numbers, shape [N, C, H, W], or [N, H, W] for one channel, with at least one image.</param>
    /// <param name="unit">
    /// What the pixels are; null, the default, for <see cref="PixelUnit.Byte"/> where they are stored as integers (of 16 bits, 65535
    /// stands for 1 where one is above 255) and <see cref="PixelUnit.Unit"/> where they are not.
    /// </param>
    /// <param name="normalization">The mean and deviation of each channel that <see cref="PixelUnit.Normalized"/> pixels had, which is
    /// undone; null, the default, leaves them as they are.</param>
    /// <returns>The images.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed, has another shape or type, or pixels that are not in [0,
    /// 1] even before clipping.</exception>
    public static ImageArray Read(string path, PixelUnit? unit = null, ChannelStatistics? normalization = null)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file {path}; give a .npy file of images [N, C, H, W] or [N, H, W].", path);
        }

        using var stream = File.OpenRead(path);
        var (values, shape, type) = NumpyFormat.ReadImages(stream, stream.Length, path);
        Scale(values, shape, type, unit, normalization);
        var largest = unit is null ? LargestPixel : float.MaxValue;
        var bad = Array.FindIndex(values, value => !(Math.Abs(value) <= largest));
        return bad < 0
            ? new(values, shape[1], shape[2], shape[3])
            : throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{path}: image {bad / (values.Length / shape[0])} has a pixel of {values[bad]}: expected pixels in [0, 1]; divide bytes by 255, or say that they are bytes (--pixels byte)."));
    }

    /// <summary>Guesses what the pixels are by how far they leave [0, 1]: by more than an attack that does not clip.</summary>
    /// <returns>Bytes where they are whole numbers of at least 0 and one is above 1.4,
    /// normalised ones where they are not and one is below −0.4 or above 1.4; else in [0, 1].</returns>
    public PixelUnit GuessUnit()
    {
        var (least, most) = Range;
        return least >= -LargestAttack && most <= 1 + LargestAttack ? PixelUnit.Unit
            : least >= 0 && Array.TrueForAll(_values, float.IsInteger) ? PixelUnit.Byte
            : PixelUnit.Normalized;
    }

    /// <summary>Takes the numbers for [N, H, W, C], channels last, where they were taken for [N, C, H, W].</summary>
    /// <returns>The images, of as many channels as these are wide.</returns>
    public ImageArray FromChannelsLast()
    {
        var (height, width, channels) = (Channels, Height, Width);
        var (plane, planar) = (height * width, new float[_values.Length]);
        for (var i = 0; i < _values.Length; i++)
        {
            var (pixel, channel) = Math.DivRem(i, channels);
            var (image, place) = Math.DivRem(pixel, plane);
            planar[(((image * channels) + channel) * plane) + place] = _values[i];
        }

        return new(planar, channels, height, width);
    }

    /// <summary>Gives images of one channel several equal ones, as grey is shown in colour.</summary>
    /// <param name="channels">How many, at least 1.</param>
    /// <exception cref="InvalidOperationException">The images have several channels.</exception>
    public ImageArray RepeatChannel(int channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        if (Channels != 1)
        {
            throw new InvalidOperationException($"Expected images of one channel, but these have {Channels}.");
        }

        var (plane, repeated) = (Height * Width, new float[_values.Length * channels]);
        for (var i = 0; i < Count * channels; i++)
        {
            this[i / channels].CopyTo(repeated.AsSpan(i * plane));
        }

        return new(repeated, channels, Height, Width);
    }

    /// <summary>Writes a .npy file, float32, whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.npy</c>.</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public void Save(string path) =>
        AtomicFile.Write(path, stream => NumpyFormat.Write<float>(stream, _values, [Count, Channels, Height, Width]));

    /// <summary>Copies the images into a tensor.</summary>
    /// <returns>Shape [N, C, H, W], float32, on the CPU; the caller disposes it.</returns>
    public Tensor ToTensor() => tensor(_values, [Count, Channels, Height, Width]);

    /// <summary>Brings pixels to [0, 1].</summary>
    private static void Scale(float[] values, int[] shape, string type, PixelUnit? unit, ChannelStatistics? normalization)
    {
        unit ??= type is "f2" or "f4" or "f8" or "b1" ? PixelUnit.Unit : PixelUnit.Byte;
        if (unit == PixelUnit.Byte)
        {
            TensorPrimitives.Divide(
                values, type == "u2" && TensorPrimitives.Max<float>(values) > byte.MaxValue ? ushort.MaxValue : byte.MaxValue, values);
        }

        if (unit != PixelUnit.Normalized || normalization is null)
        {
            return;
        }

        var (channels, plane) = (normalization.Mean.Length, shape[2] * shape[3]);
        var isLast = channels != shape[1] && channels == shape[3]; // [N, H, W, C]
        for (var i = 0; i < values.Length && (isLast || channels == shape[1]); i++)
        {
            var channel = (isLast ? i : i / plane) % channels;
            values[i] = (values[i] * (float)normalization.StandardDeviation[channel]) + (float)normalization.Mean[channel];
        }
    }
}
