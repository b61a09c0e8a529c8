using System.Globalization;

namespace MarginNet.Bounds;

/// <summary>The shape of one sample's features between two layers; a vector has height and width 1.</summary>
/// <param name="Channels">Channels, or the length of a vector.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
public readonly record struct FeatureShape(int Channels, int Height = 1, int Width = 1)
{
    /// <summary>Numbers in all.</summary>
    public int Count => Channels * Height * Width;

    /// <summary>Whether it is a vector.</summary>
    public bool IsVector => (Height, Width) == (1, 1);

    /// <summary>Such as <c>64x32x32</c> or <c>512</c>.</summary>
    public override string ToString() => IsVector
        ? Channels.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Channels}x{Height}x{Width}");
}
