using System.Collections.Immutable;
using System.Numerics.Tensors;

namespace MarginNet.Serving;

/// <summary>What there is to know of a model before asking it.</summary>
/// <param name="Version">What tells its files from others, such as the first digits of their SHA-256.</param>
/// <param name="ClassNames">The name of each of its C classes.</param>
/// <param name="Channels">Channels of its images.</param>
/// <param name="Height">Their height in pixels.</param>
/// <param name="Width">Their width in pixels.</param>
public sealed record ModelCard(string Version, ImmutableArray<string> ClassNames, int Channels, int Height, int Width)
{
    /// <summary>The numbers of an image, channels × height × width.</summary>
    public int ImageLength => Channels * Height * Width;

    /// <summary>Refuses what is no image for it.</summary>
    internal void ThrowIfUnfit(ReadOnlySpan<float> image)
    {
        // A NaN stays one.
        var (least, most) = image.IsEmpty ? default : (TensorPrimitives.Min(image), TensorPrimitives.Max(image));
        if (image.Length != ImageLength || !(least >= 0 && most <= 1))
        {
            throw new InvalidDataException(FormattableString.Invariant(
                $"Expected {Channels} x {Height} x {Width} = {ImageLength} pixels in [0, 1], but got {image.Length} numbers{(
                    image.IsEmpty ? "" : FormattableString.Invariant($" from {least} to {most}"))}."));
        }
    }
}
