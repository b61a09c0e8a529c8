using System.Reflection;
using static TorchSharp.torch;

namespace MarginNet.Graph.Modules;

/// <summary>A graph in the making as one module sees it, whose children and weights go by their own names.</summary>
/// <param name="reader">What reads children.</param>
/// <param name="module">The module.</param>
/// <param name="name">Its name in the network; nothing for the network itself.</param>
internal sealed class ModuleGraph(ModuleReader reader, nn.Module module, string name)
{
    /// <summary>Adds a node.</summary>
    /// <param name="own">Its name; nothing for the module's.</param>
    /// <param name="operation">What it computes.</param>
    /// <param name="inputs">What it computes it of.</param>
    public Operand Add(string own, Operation operation, params Operand[] inputs) => reader.Graph.Add(Join(own), operation, inputs);

    /// <summary>A parameter, buffer or constant; it stays the module's.</summary>
    public Operand Weight(string own, Tensor value) => reader.Graph.Constant(Join(own), value);

    /// <summary>Applies children in that order, as far as there are such.</summary>
    /// <exception cref="NotSupportedException">One is not known, has a hook, or is not the one that the module calls.</exception>
    public Operand Apply(Operand input, params string[] children) =>
        children.Aggregate(input, (value, child) => ApplyAs(child, value, child));

    /// <summary>Applies a child, if there is one, whose nodes go by another name: that of a second use.</summary>
    /// <inheritdoc cref="Apply"/>
    public Operand ApplyAs(string own, Operand input, string child)
    {
        var registered = module.named_children().FirstOrDefault(each => each.name == child).module;
        return Called(child) is var called && called == registered
            ? called is null ? input : reader.Read(Join(own), called, input)
            : throw new NotSupportedException(
                $"Layer '{Join(child)}' was registered again, but the network still calls the one that it was made with: "
                + "it is refused, since what would be read is not what is used.");
    }

    /// <summary>The module that the forward of one of our own calls by this name; null where it has none.</summary>
    private nn.Module? Called(string field) =>
        (nn.Module?)module.GetType().GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(module);

    private string Join(string own) => ModuleReader.Join(name, own);
}
