using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>A node whose operation is asked for layers, with the tensors that do not depend on the images.</summary>
/// <param name="node">The node.</param>
/// <param name="shapes">The shapes of its inputs.</param>
/// <param name="stored">Their tensors; null where they depend on the images.</param>
/// <param name="take">Makes of a tensor what layers hold: numbers in float64 that are finite, or those of a network in training.</param>
internal sealed class LayerNode(Node node, ValueShape[] shapes, Tensor?[] stored, Func<string, Tensor, Tensor> take)
{
    /// <summary>Its name.</summary>
    public string Name => node.Name;

    /// <summary>Its operation.</summary>
    public Operation Operation => node.Operation;

    /// <summary>Whether layers are of a network in training: with gradients, and proving nothing.</summary>
    public bool IsTraining { get; init; }

    /// <summary>The shape of its value.</summary>
    public ValueShape Shape => node.Shape;

    /// <summary>The shapes of its inputs.</summary>
    public ValueShape[] Shapes => shapes;

    /// <summary>How many inputs it has.</summary>
    public int InputCount => stored.Length;

    /// <summary>The place among its inputs of the one that depends on the images, the first of them where there are more.</summary>
    public int Data => Array.IndexOf(stored, null);

    /// <summary>The channels of that input; those of its value are the same where numbers keep their places.</summary>
    public int Channels => (int)shapes[Data][1].Count;

    /// <summary>An input as it is in the graph.</summary>
    public Tensor Stored(int input) => stored[input]!;

    /// <summary>Whether an input does not depend on the images.</summary>
    public bool IsStored(int input) => input < stored.Length && stored[input] is not null;

    /// <summary>Whether gradients of a tensor that does not depend on the images are asked for.</summary>
    public bool IsTrained => Array.Exists(stored, constant => constant?.requires_grad == true);

    /// <summary>Whether one input alone depends on the images, and where it is told, that one.</summary>
    public bool HasOneInput(int? place = null) =>
        stored.Count(constant => constant is null) == 1 && (place is null || stored[place.Value] is null);

    /// <summary>All of its inputs: those that depend on the images, in their order, between the constants.</summary>
    /// <param name="data">The former.</param>
    /// <param name="change">What is made of each constant of real numbers. Default: nothing.</param>
    public Tensor[] With(IReadOnlyList<Tensor> data, Func<Tensor, Tensor>? change = null)
    {
        var next = 0;
        return Array.ConvertAll(stored, constant => constant is null ? data[next++]
            : change is null || !constant.is_floating_point() ? constant : change(constant));
    }

    /// <summary>An input as layers hold it.</summary>
    /// <exception cref="InvalidDataException">A number is NaN or infinite.</exception>
    public Tensor Weight(int input) => Take(stored[input]!);

    /// <summary>The same; null where there is none.</summary>
    public Tensor? Optional(int input) => IsStored(input) ? Weight(input) : null;

    /// <summary>A tensor made of inputs as layers hold it.</summary>
    /// <exception cref="InvalidDataException">A number is NaN or infinite.</exception>
    public Tensor Take(Tensor value) => take(node.Name, value);

    /// <summary>An input that is one number for each channel of the other, shape [C], or [1] where it is the same for all; null where it is
    /// something else.</summary>
    public Tensor? PerChannel(int input)
    {
        var (own, data) = (shapes[input], shapes[Data]);
        var isPerChannel = own.Rank <= data.Rank
            && Enumerable.Range(1, own.Rank).All(i => own[-i] == 1 || (data.Rank - i == 1 && own[-i] == data[1]));
        return isPerChannel && data.Rank > 1 ? Weight(input).flatten() : null;
    }
}
