using System.Globalization;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace ApiPages;

/// <summary>The XML documentation that the compiler wrote beside an assembly.</summary>
internal sealed class DocumentationFile(string path) : DocumentationProvider
{
    private readonly Dictionary<string, string> _comments = XDocument.Load(path, LoadOptions.PreserveWhitespace)
        .Descendants("member")
        .ToDictionary(member => member.Attribute("name")!.Value, member => member.ToString(SaveOptions.DisableFormatting));

    protected override string? GetDocumentationForSymbol(string documentationMemberID, CultureInfo preferredCulture, CancellationToken cancellationToken = default) =>
        _comments.GetValueOrDefault(documentationMemberID);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => path.GetHashCode(StringComparison.Ordinal);
}
