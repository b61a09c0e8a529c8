using System.Reflection;
using MarginNet.Margins;
using MarginNet.Serving;

namespace MarginNet.Tests.Folders;

/// <summary>
/// The libraries' folders have a direction: each uses only those before it in one order, so that no two use each other,
/// by themselves or through others. A folder of both libraries has one place.
/// </summary>
public sealed class FolderDirectionTests
{
    /// <summary>From what uses nothing to what uses everything. The rest of the order is free where two have nothing in common.</summary>
    private static readonly string[] Order =
    [
        "Checkpoints", "Data", "Arrays", "Margins", // data and arrays; margins
        "Native", "Bounds", "Graph", "Relaxations", "Models", // numbers and kernels; layers; networks
        "Attacks", "Backdoors", "Lipschitz", "Verification", "Detection", "Certificates", // bounds and certificates
        "Losses", "Distributed", "Training",
        "Evaluation", "PValues", "Features", "Drift", "Audit",
        "Foreign", "ModelFiles", "Export", // readers and writers of files
        "Serving",
    ];

    private static readonly Assembly[] Libraries =
        [typeof(LabelledMargin).Assembly, typeof(TensorMargins).Assembly, typeof(IMarginGuard).Assembly];

    [Fact]
    public void Every_folder_uses_only_those_before_it()
    {
        var uses = Libraries.SelectMany(library => TypeUses.Of(library.Location, nameof(MarginNet)))
            .Where(use => Rank(FolderOf(use.From)) < Rank(FolderOf(use.To)));
        Assert.Empty(uses.Select(use => $"{use.From} uses {use.To}"));
    }

    /// <summary>Constants leave no trace of where they are from in an assembly.</summary>
    [Fact]
    public void No_file_opens_a_folder_after_its_own()
    {
        var opened = Files().SelectMany(file => File.ReadLines(file.Path)
            .Where(line => line.StartsWith("using MarginNet.", StringComparison.Ordinal))
            .Select(line => (From: $"MarginNet.{file.Folder}.{Path.GetFileNameWithoutExtension(file.Path)}", To: line[6..^1])));
        Assert.Empty(opened
            .Where(use => Rank(FolderOf(use.From)) < Rank(FolderOf(use.To + '.')))
            .Select(use => $"{use.From} opens {use.To}"));
    }

    [Fact]
    public void Every_folder_is_a_namespace_and_has_its_place_in_the_order()
    {
        Assert.Equal(Order.Order(), Files().Select(file => file.Folder).Distinct().Order());
        Assert.All(Files(), file => Assert.Equal(file.Folder, FolderOf(NamespaceIn(file.Path) + '.')));
    }

    [Fact]
    public void Serving_needs_statistics_and_nothing_else_of_this_library() => Assert.Equal(
        ["MarginNet.Statistics"],
        Libraries[2].GetReferencedAssemblies().Select(used => used.Name!).Where(name => name.Contains("Margin") || name.Contains("Torch")));

    [Fact]
    public void Statistics_need_the_system_and_mathematics_alone() => Assert.All(
        Libraries[0].GetReferencedAssemblies(),
        used => Assert.True(used.Name is "MathNet.Numerics" || used.Name!.StartsWith("System.", StringComparison.Ordinal), used.Name));

    private static IEnumerable<(string Path, string Folder)> Files() => Libraries
        .SelectMany(library => Directory.EnumerateDirectories(Repository.File($"src/{library.GetName().Name}")))
        .Where(folder => Path.GetFileName(folder) is not ("bin" or "obj" or "buildTransitive"))
        .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs"), (folder, file) => (file, Path.GetFileName(folder)));

    private static string NamespaceIn(string file) =>
        File.ReadLines(file).First(line => line.StartsWith("namespace ", StringComparison.Ordinal))["namespace ".Length..^1];

    /// <summary>The folder of a type's full name. What programs call of Native is in the root namespace.</summary>
    private static string FolderOf(string type) => type.Split('.') is [_, var folder, _, ..] ? folder : "Native";

    private static int Rank(string folder)
    {
        var rank = Array.IndexOf(Order, folder);
        Assert.True(rank >= 0, $"The folder {folder} has no place in the order.");
        return rank;
    }
}
