using System.Text;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using static System.Net.WebUtility;

namespace ApiPages;

/// <summary>Documentation comments as HTML, with links between the types of the library.</summary>
internal sealed class Comments(IEnumerable<INamedTypeSymbol> types)
{
    private readonly Dictionary<string, INamedTypeSymbol> _types = types.ToDictionary(type => type.GetDocumentationCommentId()!);

    public static string PageOf(INamedTypeSymbol type) => $"{type.GetDocumentationCommentId()![2..].Replace('`', '-')}.html";

    public static string AnchorOf(ISymbol member) => member.GetDocumentationCommentId()!;

    public static bool Has(ISymbol symbol) => Read(symbol) is not null;

    public string Summary(ISymbol symbol) => Read(symbol)?.Element("summary") is { } summary ? Inline(summary) : "";

    public string Body(ISymbol symbol)
    {
        if (Read(symbol) is not { } comment)
        {
            return "";
        }

        var html = new StringBuilder($"<p>{Summary(symbol)}</p>");
        Paragraph("value", "Value");
        Table("typeparam", "Type parameters");
        Table("param", "Parameters");
        Paragraph("returns", "Returns");
        Table("exception", "Exceptions");
        Paragraph("remarks", "Remarks");
        return html.ToString();

        void Paragraph(string element, string title)
        {
            if (comment.Element(element) is { } text)
            {
                html.Append($"<h4>{title}</h4><p>{Inline(text)}</p>");
            }
        }

        void Table(string element, string title)
        {
            if (comment.Elements(element).Any())
            {
                html.Append($"<h4>{title}</h4><dl>");
                foreach (var row in comment.Elements(element))
                {
                    html.Append($"<dt>{(row.Attribute("cref") is { } type ? Reference(type.Value) : HtmlEncode(row.Attribute("name")?.Value))}</dt><dd>{Inline(row)}</dd>");
                }

                html.Append("</dl>");
            }
        }
    }

    /// <summary>The comment of a symbol, or of what it overrides or implements where it inherits that.</summary>
    private static XElement? Read(ISymbol symbol)
    {
        var xml = symbol.GetDocumentationCommentXml();
        if (string.IsNullOrEmpty(xml))
        {
            return null;
        }

        var comment = XElement.Parse(xml.TrimStart().StartsWith("<member", StringComparison.Ordinal) ? xml : $"<member>{xml}</member>", LoadOptions.PreserveWhitespace);
        var inherited = comment.Element("inheritdoc") is null ? null : (ISymbol?)(symbol as IMethodSymbol)?.OverriddenMethod ?? (symbol as IPropertySymbol)?.OverriddenProperty;
        return inherited is null ? comment : Read(inherited) ?? comment;
    }

    private string Inline(XElement element) => string.Concat(element.Nodes().Select(node => node switch
    {
        XText text => HtmlEncode(text.Value),
        XElement { Name.LocalName: "see" or "seealso" } see when see.Attribute("cref") is { } target => Reference(target.Value),
        XElement { Name.LocalName: "see" } see => $"<code>{HtmlEncode(see.Attribute("langword")?.Value ?? see.Attribute("href")?.Value)}</code>",
        XElement { Name.LocalName: "paramref" or "typeparamref" } name => $"<code>{HtmlEncode(name.Attribute("name")?.Value)}</code>",
        XElement { Name.LocalName: "c" } code => $"<code>{Inline(code)}</code>",
        XElement { Name.LocalName: "code" } code => $"<pre><code>{Inline(code)}</code></pre>",
        XElement { Name.LocalName: "para" } para => $"</p><p>{Inline(para)}",
        XElement { Name.LocalName: "list" } list => $"</p><ul>{string.Concat(list.Elements("item").Select(item => $"<li>{Inline(item)}</li>"))}</ul><p>",
        XElement other => Inline(other),
        _ => "",
    })).Trim();

    private string Reference(string id)
    {
        var name = HtmlEncode(ShortName(id));
        var type = id.StartsWith("T:", StringComparison.Ordinal) ? id : $"T:{Qualifier(id)}";
        return _types.TryGetValue(type, out var found) ? $"<a href=\"{PageOf(found)}{(type == id ? "" : $"#{HtmlEncode(id)}")}\"><code>{name}</code></a>" : $"<code>{name}</code>";
    }

    private static string Qualifier(string id)
    {
        var name = id[2..].Split('(')[0];
        return name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : name;
    }

    private static string ShortName(string id)
    {
        var name = id[2..].Split('(')[0];
        var own = name[(name.LastIndexOf('.') + 1)..].Split('`')[0];
        return id.StartsWith("T:", StringComparison.Ordinal) || own != "#ctor" ? own : ShortName("T:" + Qualifier(id));
    }
}
