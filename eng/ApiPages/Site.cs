using System.Text;
using Microsoft.CodeAnalysis;
using static System.Net.WebUtility;

namespace ApiPages;

/// <summary>The pages of a library: an index by namespace, and one page for each public type.</summary>
internal sealed class Site
{
    private static readonly SymbolDisplayFormat Signature = new(
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeTypeConstraints,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeModifiers | SymbolDisplayMemberOptions.IncludeConstantValue,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut | SymbolDisplayParameterOptions.IncludeExtensionThis,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers,
        delegateStyle: SymbolDisplayDelegateStyle.NameAndSignature);

    private readonly INamedTypeSymbol[] _types;
    private readonly Comments _comments;

    public Site(IAssemblySymbol library)
    {
        _types = [.. TypesOf(library.GlobalNamespace).OrderBy(type => type.ContainingNamespace.ToDisplayString(), StringComparer.Ordinal).ThenBy(Title, StringComparer.Ordinal)];
        _comments = new(_types);
    }

    public int TypeCount => _types.Length;

    public IEnumerable<(string Name, string Html)> Pages() => _types.Select(type => (Comments.PageOf(type), Page(type, Type(type)))).Prepend(("index.html", Page(null, Index())));

    private static IEnumerable<INamedTypeSymbol> TypesOf(INamespaceOrTypeSymbol container) => container.GetMembers().OfType<INamespaceOrTypeSymbol>().SelectMany(member => member switch
    {
        INamedTypeSymbol { DeclaredAccessibility: Accessibility.Public } type => TypesOf(type).Prepend(type),
        INamespaceSymbol space => TypesOf(space),
        _ => [],
    });

    private static string Title(INamedTypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat);

    private string Index()
    {
        var html = new StringBuilder("<h1>MarginNet API</h1><p>Every public type, from the XML documentation of the library. Shapes are written [N, C]; equation numbers are the paper's.</p>");
        foreach (var space in _types.GroupBy(type => type.ContainingNamespace.ToDisplayString()))
        {
            html.Append($"<section><h3>{space.Key}</h3><dl>");
            foreach (var type in space)
            {
                html.Append($"<dt><a href=\"{Comments.PageOf(type)}\">{HtmlEncode(Title(type))}</a></dt><dd>{_comments.Summary(type)}</dd>");
            }

            html.Append("</dl></section>");
        }

        return html.ToString();
    }

    private string Type(INamedTypeSymbol type)
    {
        var html = new StringBuilder($"<h1>{HtmlEncode(Title(type))} <small>{Kind(type)} in {type.ContainingNamespace.ToDisplayString()}</small></h1>");
        html.Append(_comments.Body(type));
        foreach (var member in type.GetMembers().Where(IsShown).OrderBy(Order).ThenBy(member => member.Name, StringComparer.Ordinal))
        {
            var name = member is IMethodSymbol { MethodKind: MethodKind.Constructor } ? type.Name : member.Name;
            html.Append($"<section id=\"{HtmlEncode(Comments.AnchorOf(member))}\"><h3>{HtmlEncode(name)}</h3><pre><code>{HtmlEncode(member.ToDisplayString(Signature))}</code></pre>{_comments.Body(member)}</section>");
        }

        return html.ToString();
    }

    /// <summary>What was written by hand: what a record brings along has no documentation.</summary>
    private static bool IsShown(ISymbol member) =>
        member.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected
        && member is not (INamedTypeSymbol or IMethodSymbol { MethodKind: MethodKind.PropertyGet or MethodKind.PropertySet })
        && (Comments.Has(member) || member is IFieldSymbol { ContainingType.TypeKind: TypeKind.Enum });

    private static int Order(ISymbol member) => member switch
    {
        IFieldSymbol field => field.HasConstantValue && field.ContainingType.TypeKind == TypeKind.Enum ? 0 : 2,
        IMethodSymbol { MethodKind: MethodKind.Constructor } => 1,
        IPropertySymbol => 3,
        _ => 4,
    };

    private static string Kind(INamedTypeSymbol type) => type switch
    {
        { TypeKind: TypeKind.Enum } => "enumeration",
        { IsRecord: true, IsValueType: true } => "record struct",
        { IsRecord: true } => "record",
        { IsStatic: true } => "static class",
        { TypeKind: TypeKind.Struct } => "struct",
        { TypeKind: TypeKind.Interface } => "interface",
        { IsAbstract: true } => "abstract class",
        _ => "class",
    };

    private string Page(INamedTypeSymbol? here, string body)
    {
        using var style = new StreamReader(typeof(Site).Assembly.GetManifestResourceStream("ApiPages.page.css")!);
        var links = new StringBuilder();
        foreach (var space in _types.GroupBy(type => type.ContainingNamespace.ToDisplayString()))
        {
            links.Append($"<h2>{space.Key}</h2>");
            foreach (var type in space)
            {
                var isHere = SymbolEqualityComparer.Default.Equals(type, here) ? " class=\"here\"" : "";
                links.Append($"<a{isHere} href=\"{Comments.PageOf(type)}\">{HtmlEncode(Title(type))}</a>");
            }
        }

        return $$"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>{{HtmlEncode(here is null ? "MarginNet API" : Title(here))}}</title><style>{{style.ReadToEnd()}}</style></head>
            <body><nav><h1><a href="index.html">MarginNet</a></h1><input type="search" placeholder="Find a type" aria-label="Find a type">{{links}}</nav><main>{{body}}</main>
            <script>
            document.querySelector("nav input").addEventListener("input", e => document.querySelectorAll("nav h2 ~ a").forEach(
              a => a.hidden = !a.textContent.toLowerCase().includes(e.target.value.toLowerCase())));
            </script></body></html>

            """;
    }
}
