using System.Reflection;
using System.Xml.Linq;
using MarginNet.Margins;
using PublicApiGenerator;

namespace MarginNet.Tests.PublicApi;

/// <summary>The public API is the one that was approved, and every part of it is documented.</summary>
public sealed class PublicApiTests
{
    private const string Approved = "tests/MarginNet.Tests/PublicApi/PublicApi.approved.txt";

    private static readonly Assembly Library = typeof(LabelledMargin).Assembly;

    [Fact]
    public void The_public_API_is_the_approved_one()
    {
        var actual = Library.GeneratePublicApi(new() { IncludeAssemblyAttributes = false }).ReplaceLineEndings("\n") + "\n";
        var approved = Repository.File(Approved);
        if (File.Exists(approved) && File.ReadAllText(approved) == actual)
        {
            return;
        }

        var received = Path.Combine(AppContext.BaseDirectory, "PublicApi.received.txt");
        File.WriteAllText(received, actual);
        Assert.Fail(
            $"The public API has changed. To see how: git diff --no-index {Approved} {received}\nTo approve it:  cp {received} {approved}");
    }

    [Fact]
    public void Every_public_type_and_method_has_a_summary()
    {
        var documented = XDocument.Load(Path.ChangeExtension(Library.Location, ".xml")).Descendants("member")
            .Where(member => member.Element("summary") is not null || member.Element("inheritdoc") is not null)
            .Select(member => member.Attribute("name")!.Value.Split('(')[0])
            .ToHashSet();
        string[] missing =
        [
            .. Library.GetExportedTypes().Select(type => $"T:{Name(type)}")
                .Concat(Library.GetExportedTypes()
                    .Where(type => !IsRecord(type))
                    .SelectMany(Methods)
                    .Select(method => $"M:{Name(method.DeclaringType!)}.{method.Name}"))
                .Where(name => !documented.Any(known => known == name || known.StartsWith(name + "``", StringComparison.Ordinal))),
        ];
        Assert.Empty(missing);
    }

    private static IEnumerable<MethodInfo> Methods(Type type) => type
        .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(method => !method.IsSpecialName && method.GetBaseDefinition() == method);

    private static bool IsRecord(Type type) => type.GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance) is not null;

    private static string Name(Type type) => type.FullName!.Replace('+', '.');
}
