using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace MarginNet.Cli.Pages;

/// <summary>Text that is HTML already. Whatever else goes into <see cref="Format"/> is encoded.</summary>
internal readonly record struct Html(string Text)
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>Fills in a piece of HTML: numbers in the invariant culture, text encoded, HTML and lists of HTML as they are.</summary>
    public static Html Format(FormattableString template) => new(template.ToString(new Filler()));

    public static Html Join(IEnumerable<Html> parts) => new(string.Concat(parts.Select(part => part.Text)));

    /// <inheritdoc/>
    public override string ToString() => Text;

    private sealed class Filler : IFormatProvider, ICustomFormatter
    {
        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

        public string Format(string? format, object? arg, IFormatProvider? formatProvider) => arg switch
        {
            Html html => html.Text ?? "",
            IEnumerable<Html> parts => Join(parts).Text,
            IFormattable value => Encoder.Encode(value.ToString(format, CultureInfo.InvariantCulture)),
            _ => Encoder.Encode($"{arg}"),
        };
    }
}
