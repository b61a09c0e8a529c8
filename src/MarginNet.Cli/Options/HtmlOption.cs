using System.CommandLine;
using MarginNet.Checkpoints;

namespace MarginNet.Cli.Options;

/// <summary><c>--html</c> and <c>--thumbnails</c>: the result as a page to look at.</summary>
/// <param name="hasImages">Whether it is of images.</param>
internal sealed class HtmlOption(bool hasImages = true)
{
    private const int DefaultThumbnails = 200;

    private readonly Option<string?> _file = new("--html")
    {
        Description = $"Also write a page to look at, with figures{(hasImages ? ", tables and the images themselves" : " and tables")}: "
            + "one .html file for any browser.",
    };

    private readonly Option<int> _thumbnails =
        Number.CountOrNone("--thumbnails", "With --html: pictures in the page; 0 for none.", DefaultThumbnails);

    public void AddTo(Command command)
    {
        command.Add(_file);
        if (hasImages)
        {
            command.Add(_thumbnails);
        }
    }

    /// <summary>The page to write; null for none.</summary>
    public string? File(ParseResult parsed) => parsed.GetValue(_file);

    /// <summary>How many pictures it may have.</summary>
    public int Thumbnails(ParseResult parsed) => parsed.GetValue(_thumbnails);

    /// <summary>Makes sure, before the work, that the page can be written.</summary>
    public void ThrowIfNotWritable(ParseResult parsed)
    {
        if (File(parsed) is not { } file)
        {
            if (parsed.IsGiven(_thumbnails))
            {
                throw new UserErrorException($"{_thumbnails.Name} has no effect without {_file.Name}: leave it out, or add that.");
            }

            return;
        }

        if (Path.GetExtension(file) is not (".html" or ".htm"))
        {
            throw new UserErrorException($"{_file.Name} is '{file}': expected a name that ends in .html.");
        }

        AtomicFile.ThrowIfNotWritable(file);
    }
}
