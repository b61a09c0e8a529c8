using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>A tensor of a graph that does not depend on the images.</summary>
/// <param name="Name">The name of the value.</param>
/// <param name="Value">The tensor.</param>
/// <param name="Role">What training does with it.</param>
internal sealed record GraphParameter(string Name, Tensor Value, ParameterRole Role);
