namespace MarginNet.Data;

/// <summary>What becomes of a picture file when it is read.</summary>
public sealed record ImageOptions
{
    /// <summary>The height of the image in memory. Default 32.</summary>
    public int Height { get; init; } = 32;

    /// <summary>The width of the image in memory. Default 32.</summary>
    public int Width { get; init; } = 32;

    /// <summary>
    /// 3, the default, for RGB, where transparency is dropped and grey is repeated; 1 for grey, 0.299 R + 0.587 G + 0.114 B as Pillow's
    /// <c>convert("L")</c> rounds it; 4 for RGB and transparency, 255 where a file has none.
    /// </summary>
    public int Channels { get; init; } = 3;

    /// <summary>What is done about another shape. Default <see cref="ImageResizing.Stretch"/>.</summary>
    public ImageResizing Resizing { get; init; }

    /// <summary>
    /// Whether pictures are turned as their EXIF orientation says. Default null: they are not,
    /// and <see cref="Warn"/> is told of those that ask for it; false says nothing.
    /// </summary>
    public bool? ApplyOrientation { get; init; }

    /// <summary>
    /// Told, in one line each, what a reader should know: cut JPEG files, orientations that are not applied, files that are passed over.
    /// Default null.
    /// </summary>
    public Action<string>? Warn { get; init; }

    /// <summary>
    /// Whether pictures stay in their files and are decoded whenever they are used, so that memory holds their names alone, for more images
    /// than fit there. A file that does not decode is then found when its turn comes. Default false: all are decoded at once and kept.
    /// </summary>
    public bool Stream { get; init; }

    internal void ThrowIfInvalid()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Width, 1);
        if (Channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Channels), Channels, "Expected 1 channel for grey, 3 for RGB or 4 for RGB and transparency.");
        }
    }
}
