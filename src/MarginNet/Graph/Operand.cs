using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>A value of a graph in the making.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
internal sealed record Operand(string Name, ValueShape Shape)
{
    /// <summary>Its numbers, where they do not depend on the images.</summary>
    public Tensor? Constant { get; init; }

    /// <summary>Its numbers, where it is a scalar or a list of sizes, such as a shape; the batch may be among them.</summary>
    public ImmutableArray<Dimension>? Sizes { get; init; }

    /// <summary>Whether its numbers depend on what is in the images.</summary>
    public bool IsData => Constant is null && Sizes is null;
}
