namespace MarginNet.Models;

/// <summary>
/// Names of values as those of a state dict: parts between dots are modules, so that none is empty, and none is a module and a tensor.
/// Most names, as PyTorch's exporter has them, stay what they are.
/// </summary>
internal static class ParameterNames
{
    /// <summary>One name for each, in their order, no two alike.</summary>
    public static string[] Of(IEnumerable<string> names)
    {
        var (tensors, modules) = (new HashSet<string>(), new HashSet<string>());
        return [.. names.Select(name => Take(name, tensors, modules))];
    }

    private static string Take(string name, HashSet<string> tensors, HashSet<string> modules)
    {
        var taken = string.Join('.', name.Split('.').Select(part => part.Length == 0 ? "_" : part));
        if (Modules(taken).Any(tensors.Contains))
        {
            taken = taken.Replace('.', '_');
        }

        while (tensors.Contains(taken) || modules.Contains(taken))
        {
            taken += "_";
        }

        tensors.Add(taken);
        modules.UnionWith(Modules(taken));
        return taken;
    }

    /// <summary>The modules that a name goes through, the outermost first.</summary>
    public static IEnumerable<string> Modules(string name) =>
        name.Select((c, i) => (c, i)).Where(entry => entry.c == '.').Select(entry => name[..entry.i]);
}
