using System.Reflection;
using System.Xml.Linq;
using PublicApiGenerator;

namespace MarginNet.Tests.PublicApi;

/// <summary>The public API is the one that was approved, and every part of it is documented.</summary>
public sealed class PublicApiTests
{
    public static TheoryData<string> Libraries => ["MarginNet", "MarginNet.Statistics", "MarginNet.Extensions.DependencyInjection"];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void The_public_API_is_the_approved_one(string library)
    {
        var approvedFile = $"tests/MarginNet.Tests/PublicApi/{library}.approved.txt";
        var options = new ApiGeneratorOptions { IncludeAssemblyAttributes = false, DenyNamespacePrefixes = ["System"] };
        var actual = Assembly.Load(library).GeneratePublicApi(options).ReplaceLineEndings("\n") + "\n";
        var approved = Repository.File(approvedFile);
        if (File.Exists(approved) && File.ReadAllText(approved) == actual)
        {
            return;
        }

        var received = Path.Combine(AppContext.BaseDirectory, $"{library}.received.txt");
        File.WriteAllText(received, actual);
        Assert.Fail(
            $"The public API has changed. To see how: git diff --no-index {approvedFile} {received}\nTo approve it:  cp {received} {approved}");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void Every_public_type_and_method_has_a_summary(string library)
    {
        var assembly = Assembly.Load(library);
        var documented = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member")
            .Where(member => member.Element("summary") is not null || member.Element("inheritdoc") is not null)
            .Select(member => member.Attribute("name")!.Value.Split('(')[0])
            .ToHashSet();
        var types = assembly.GetExportedTypes().Where(type => !type.IsSpecialName).ToArray(); // An extension block is a special one.
        string[] missing =
        [
            .. types.Select(type => $"T:{Name(type)}")
                .Concat(types.Where(type => !IsRecord(type))
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
