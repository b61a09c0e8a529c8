using System.Globalization;

namespace MarginNet.Graph;

/// <summary>One size of a value: a number, or that many for each image of a batch.</summary>
/// <param name="Count">The number.</param>
/// <param name="IsPerImage">Whether it is times the N images of a batch. Default false.</param>
internal readonly record struct Dimension(long Count, bool IsPerImage = false)
{
    /// <summary>N, the number of images.</summary>
    public static Dimension Batch { get; } = new(1, IsPerImage: true);

    public static implicit operator Dimension(long count) => new(count);

    /// <summary>The size with so many images.</summary>
    public long At(long images) => IsPerImage ? checked(Count * images) : Count;

    /// <summary>Such as <c>N</c>, <c>4N</c> or <c>512</c>.</summary>
    public override string ToString() =>
        IsPerImage && Count == 1 ? "N" : string.Create(CultureInfo.InvariantCulture, $"{Count}{(IsPerImage ? "N" : "")}");
}
