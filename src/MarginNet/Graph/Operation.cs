using System.Collections;
using System.Globalization;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph;

/// <summary>
/// What a node of a graph computes: a value of values, with attributes that are no numbers to be learned. Weights are values of the graph
/// like others, so an operation has no state. All that is known of one stands in its own file.
/// </summary>
internal abstract record Operation
{
    /// <summary>ONNX's name for it, or for what is composed of several its own.</summary>
    public abstract string Kind { get; }

    /// <summary>The shape of its value.</summary>
    /// <param name="inputs">Those of its inputs.</param>
    /// <exception cref="InvalidDataException">It does not take those.</exception>
    public abstract ValueShape Shape(ValueShape[] inputs);

    /// <summary>Computes its value; differentiable in all inputs.</summary>
    /// <param name="inputs">The inputs, as many as <see cref="Shape"/> takes.</param>
    /// <param name="isTraining">Whether the network is in training mode, which few operations differ in.</param>
    /// <returns>The value; it may be an input itself. Intermediate tensors belong to the dispose scope.</returns>
    public abstract Tensor Run(Tensor[] inputs, bool isTraining);

    /// <summary>What training does with an input where that is a parameter of the graph. Default: it stays as it is.</summary>
    public virtual ParameterRole Role(int input) => ParameterRole.Constant;

    /// <summary>Writes it as nodes of ONNX, the last of which is named as the node. Default: one node of its kind and attributes.</summary>
    /// <param name="writer">The file in the making.</param>
    /// <param name="name">The name of the node and of its value.</param>
    /// <param name="inputs">The names of its inputs.</param>
    public virtual void Write(OnnxWriter writer, string name, string[] inputs) =>
        writer.Node(Kind, name, inputs, [.. Attributes]);

    /// <summary>What it is as layers one after another, where one of its inputs depends on the images; null where no Lipschitz constant
    /// of it is proven. Default: none is.</summary>
    public virtual IReadOnlyList<Layer>? Layers(LayerNode node) => null;

    /// <summary>What it is as one layer where all of its inputs depend on one value; null where no Lipschitz constant of it is proven.
    /// Default: none is.</summary>
    /// <param name="node">The node.</param>
    /// <param name="branches">The layers that lead from that value to each input.</param>
    public virtual Layer? Join(LayerNode node, IReadOnlyList<IReadOnlyList<Layer>> branches) => null;

    /// <summary>Whether it is W·x + b in the inputs that depend on the images, x being all of them. Default: it is not.</summary>
    public virtual bool IsAffine(LayerNode node) => false;

    /// <summary>|W|·x + |b| where it is affine, for x of numbers that are not negative.
    /// Default: its value for the absolute values of its constants, which is that where it multiplies by them and adds.</summary>
    /// <param name="node">The node.</param>
    /// <param name="data">The inputs that depend on the images, in their order.</param>
    public virtual Tensor Absolute(LayerNode node, Tensor[] data) => Run(node.With(data, constant => constant.abs()), isTraining: false);

    /// <summary>Wᵀ·y for one of its inputs where it is affine. Default: by LibTorch's gradient.</summary>
    /// <param name="node">The node.</param>
    /// <param name="input">Which of the inputs that depend on the images.</param>
    /// <param name="y">What its value is multiplied by, shape [M, …].</param>
    public virtual Tensor Transposed(LayerNode node, int input, Tensor y)
    {
        using var gradients = enable_grad();
        var shapes = node.Shapes.Where((_, i) => !node.IsStored(i));
        Tensor[] data = [.. shapes.Select((shape, i) => zeros(shape.At(y.shape[0]), y.dtype, requires_grad: i == input))];
        var value = Run(node.With(data), isTraining: false);
        return autograd.grad([value], [data[input]], [y], create_graph: y.requires_grad || node.IsTrained)[0];
    }

    /// <summary>The most products in a sum that it forms, there and back, where it is affine.
    /// Default: as many as one number in has out, or the other way about.</summary>
    public virtual long Terms(LayerNode node)
    {
        var value = node.Shape.Count.Count;
        return node.Shapes.Where((_, i) => !node.IsStored(i)).Max(shape =>
            1 + (Math.Max(value, shape.Count.Count) / Math.Max(1, Math.Min(value, shape.Count.Count))));
    }

    /// <summary>The ℓ2 norms of the rows of W, or more than those, where it is W·x + b in one input, in a shape that its value broadcasts
    /// to; null where they are not known. Default: null.</summary>
    public virtual Tensor? RowNorms(LayerNode node) => null;

    /// <summary>The function of one number that it applies to each; null where it is another, or bounds of it are not known.
    /// Default: null.</summary>
    public virtual Curve? Curve => null;

    /// <summary>The same of simpler operations, for bounds; null where it is simple itself. Default: null.</summary>
    public virtual Operand? Simplify(GraphBuilder graph, string name, Operand[] inputs) => null;

    /// <summary>Its kind and all that it was made of as text, numbers to the last digit.</summary>
    public string Describe() => Describe(Kind, this);

    /// <summary>Its attributes as ONNX has them: integers, floats, texts, and lists of the first two.</summary>
    protected virtual IEnumerable<(string Name, object Value)> Attributes => [];

    /// <summary>An error that says what it takes.</summary>
    protected static InvalidDataException Misfit(ValueShape[] inputs, string expected) =>
        new($"It gets {string.Join(" and ", inputs)}: expected {expected}.");

    private static string Describe(string kind, object made)
    {
        var type = made.GetType();
        var values = type.GetConstructors()[0].GetParameters().Select(parameter => Text(type.GetProperty(parameter.Name!)!.GetValue(made)));
        return $"{kind}({string.Join(", ", values)})";
    }

    private static string Text(object? value) => value switch
    {
        null or string or bool or ValueShape => $"{value}",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(Text))}]",
        _ => Describe("", value),
    };
}
