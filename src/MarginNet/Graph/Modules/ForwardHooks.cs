using System.Collections;
using System.Reflection;
using static TorchSharp.torch;

namespace MarginNet.Graph.Modules;

/// <summary>
/// Hooks of modules, which run when a module is called and may replace what goes in and what comes out.
/// TorchSharp shows them to subclasses alone.
/// </summary>
internal static class ForwardHooks
{
    private static readonly string[] Fields = ["module_post_hooks", "module_pre_hooks", "post_hooks", "pre_hooks"];

    /// <summary>Whether a module has any.</summary>
    /// <exception cref="NotSupportedException">This TorchSharp keeps its hooks in another way.</exception>
    public static bool Any(nn.Module module)
    {
        var hookable = module.GetType();
        while (hookable is not null && !(hookable.IsGenericType && hookable.GetGenericTypeDefinition() == typeof(nn.HookableModule<,>)))
        {
            hookable = hookable.BaseType;
        }

        // One field more, or another name, and hooks might be where nobody looks.
        var fields =
            hookable?.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly) ?? [];
        var hooks = Array.ConvertAll(fields, field => field.GetValue(module) as ICollection);
        return fields.Select(field => field.Name).Order(StringComparer.Ordinal).SequenceEqual(Fields) && !hooks.Contains(null)
            ? hooks.Any(hook => hook!.Count > 0)
            : throw new NotSupportedException(
                $"TorchSharp {typeof(nn.Module).Assembly.GetName().Version} keeps hooks of modules in a way that is not known, "
                + "so no bound can be proven: "
                + "use the version that MarginNet was built with.");
    }
}
