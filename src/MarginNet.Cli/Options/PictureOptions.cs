using System.CommandLine;
using MarginNet.Data;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Options;

/// <summary>What becomes of picture files: <c>--resize</c> and <c>--exif</c>, which a model remembers.</summary>
internal sealed class PictureOptions
{
    private const string Apply = "apply";
    private const string Ignore = "ignore";
    private const string ResizeKey = "resize";
    private const string ExifKey = "exif";

    private readonly Option<string?> _resize = new("--resize")
    {
        Description = "What is done with pictures of another shape: stretch them, crop them to their middle, or pad them with black. "
            + "By default as the model was trained or calibrated, and stretch for a new one.",
    };

    private readonly Option<string?> _exif = new("--exif")
    {
        Description = "apply turns pictures as their EXIF orientation says; ignore takes them as they are stored. "
            + "By default as the model was trained or calibrated, and ignore for a new one, as PyTorch's ImageFolder does.",
    };

    public PictureOptions()
    {
        _resize.AcceptOnlyFromAmong("stretch", "crop", "pad");
        _exif.AcceptOnlyFromAmong(Apply, Ignore);
    }

    public Option[] All => [_resize, _exif];

    /// <summary>The options as given, else as a model remembers them.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">What the model remembers; empty for a new one.</param>
    /// <param name="size">The size of the images.</param>
    /// <param name="channels">Their channels.</param>
    public ImageOptions Read(
        ParseResult parsed, IReadOnlyDictionary<string, object?> settings, (int Height, int Width) size, int channels) => new()
        {
            Height = size.Height,
            Width = size.Width,
            Channels = channels is 1 or 3 or 4
            ? channels
            : throw new UserErrorException(
                $"The model takes images of {channels} channels, but picture files have 1, 3 or 4: "
                + $"give an array [N, {channels}, {size.Height}, {size.Width}] as a .npy file with --images."),
            Resizing = (parsed.GetValue(_resize) ?? settings.GetValueOrDefault(ResizeKey) as string) switch
            {
                "crop" => ImageResizing.Crop,
                "pad" => ImageResizing.Pad,
                _ => ImageResizing.Stretch,
            },
            ApplyOrientation = (parsed.GetValue(_exif) ?? settings.GetValueOrDefault(ExifKey) as string) switch
            {
                Apply => true,
                Ignore => false,
                _ => null,
            },
            Warn = parsed.Warn,
        };

    /// <summary>Has a model remember what is given.</summary>
    public void Keep(ParseResult parsed, MarginModel model)
    {
        foreach (var (key, option) in new[] { (ResizeKey, _resize), (ExifKey, _exif) })
        {
            if (parsed.GetValue(option) is { } value)
            {
                model.Training[key] = value;
            }
        }
    }
}
