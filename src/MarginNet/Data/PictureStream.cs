namespace MarginNet.Data;

/// <summary>Picture files that are decoded whenever they are used. Each is warned of once, when it is first met.</summary>
/// <param name="options">What becomes of each picture.</param>
internal sealed class PictureStream(ImageOptions options)
{
    private const int MostNamed = 5;

    private readonly HashSet<string> _damaged = new(StringComparer.Ordinal);
    private int _turned;

    /// <summary>Decodes one file, shape [C, H, W].</summary>
    /// <exception cref="InvalidDataException">The image does not decode.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public byte[] Decode(string file)
    {
        var pixels = new byte[options.Channels * options.Height * options.Width];
        Warn(file, ImageFile.Decode(file, options, pixels));
        return pixels;
    }

    /// <summary>Decodes several files at a time.</summary>
    /// <exception cref="InvalidDataException">An image does not decode; told of the first that does not.</exception>
    public byte[][] Decode(string[] files)
    {
        var (images, failures) = (new byte[files.Length][], new Exception?[files.Length]);
        _ = Parallel.For(0, files.Length, (i, loop) =>
        {
            try
            {
                images[i] = Decode(files[i]);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                failures[i] = e;
                loop.Break(); // still runs the files before this one, so the failure reported is always the first
            }
        });
        return Array.Find(failures, e => e is not null) is { } failure ? throw failure : images;
    }

    private void Warn(string file, PictureNotes notes)
    {
        if (options.Warn is not { } warn)
        {
            return;
        }

        lock (_damaged)
        {
            if (notes.Damage is { } damage && _damaged.Count < MostNamed && _damaged.Add(file))
            {
                warn($"'{file}' {damage}{(_damaged.Count == MostNamed ? " More such images are not named." : "")}");
            }

            if (notes.Orientation != ExifOrientation.Upright && options.ApplyOrientation is null && _turned++ == 0)
            {
                warn($"'{file}', and others maybe, ask by EXIF to be turned, and are read as they are stored: "
                    + "--exif apply turns them, --exif ignore says nothing.");
            }
        }
    }
}
