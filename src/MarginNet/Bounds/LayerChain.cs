using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Layers one after another.</summary>
internal static class LayerChain
{
    public static FeatureShape Output(IEnumerable<Layer> layers, FeatureShape input) =>
        layers.Aggregate(input, (shape, layer) => layer.Output(shape));

    /// <summary>Their names and settings.</summary>
    public static string Describe(IEnumerable<Layer> layers) =>
        string.Join(", ", layers.Select(layer => $"{layer.Name} {layer.Kind} {layer.Settings}"));

    /// <summary>The product of the layers' bounds.</summary>
    public static UpperBound Product(IEnumerable<Layer> layers, FeatureShape input)
    {
        var product = new UpperBound(1);
        foreach (var layer in layers)
        {
            product *= layer.Bound(input).Bound;
            input = layer.Output(input);
        }

        return product;
    }

    /// <summary>The product of linear layers' matrices, the identity of none; null where a layer is not linear, or large.</summary>
    public static BoundedMatrix? Matrix(IReadOnlyList<Layer> layers, FeatureShape input) =>
        layers.All(layer => layer is FlattenLayer)
            ? input.Count <= LinearLayer.MatrixSide ? new(eye(input.Count, dtype: ScalarType.Float64), 0) : null
            : Segments(layers, input) is [var single] ? single : null;

    /// <summary>The matrices W₁, …, W_m of W_m φ(… φ(W₁x)) with gates φ between them; null for a chain of another form,
    /// or a large one.</summary>
    public static List<BoundedMatrix>? Segments(IEnumerable<Layer> layers, FeatureShape input)
    {
        var segments = new List<BoundedMatrix>();
        var isOpen = false; // Whether the next matrix multiplies the last one.
        foreach (var layer in layers)
        {
            if (layer is ActivationLayer { IsGate: true } && isOpen)
            {
                isOpen = false;
            }
            else if (layer is not FlattenLayer)
            {
                if (layer.Matrix(input) is not { } matrix)
                {
                    return null;
                }

                segments.Add(isOpen ? matrix * Last(segments) : matrix);
                isOpen = true;
            }

            input = layer.Output(input);
        }

        return isOpen ? segments : null;
    }

    private static BoundedMatrix Last(List<BoundedMatrix> segments)
    {
        var last = segments[^1];
        segments.RemoveAt(segments.Count - 1);
        return last;
    }

    /// <summary>What rounding makes of the features, layer by layer.</summary>
    public static ForwardSignal Rounded(IEnumerable<Layer> layers, ForwardSignal signal, FeatureShape input)
    {
        foreach (var layer in layers)
        {
            signal = layer.Rounded(signal, input);
            input = layer.Output(input);
        }

        return signal;
    }
}
