using System.Collections.Immutable;
using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>One step of a graph whose value depends on the images: an affine map of values, a curve applied to one, or the product of
/// two.</summary>
/// <param name="Layer">The node with its constants.</param>
/// <param name="Data">The places of the values that it is computed of.</param>
/// <param name="Curve">The curve; null where it is another.</param>
/// <param name="Bias">What the affine map makes of zeros, shape [1, …]; null where that is 0.</param>
/// <param name="Terms">The most products in a sum that the map forms, there and back.</param>
internal sealed record RelaxedStep(LayerNode Layer, ImmutableArray<int> Data, Curve? Curve, Tensor? Bias, long Terms)
{
    /// <summary>Whether it is the product of two values, neither affine nor a curve. Default false.</summary>
    public bool IsProduct { get; init; }

    /// <summary>Its name in the graph.</summary>
    public string Name => Layer.Name;

    /// <summary>The shape of its value.</summary>
    public ValueShape Shape => Layer.Shape;

    /// <summary>The type of its constants and values.</summary>
    public required ScalarType Type { get; init; }

    /// <summary>Its value of values.</summary>
    public Tensor Run(params Tensor[] data) => Layer.Operation.Run(Layer.With(data), isTraining: false);
}
