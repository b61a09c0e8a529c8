using System.Collections.Immutable;

namespace MarginNet.Graph;

/// <summary>One step of a graph; its value goes by its name.</summary>
/// <param name="Name">The name, alone of its kind in the graph.</param>
/// <param name="Operation">What it computes.</param>
/// <param name="Inputs">The names of the values that it computes it of: of the images, parameters or earlier nodes.</param>
/// <param name="Shape">The shape of its value.</param>
internal sealed record Node(string Name, Operation Operation, ImmutableArray<string> Inputs, ValueShape Shape);
