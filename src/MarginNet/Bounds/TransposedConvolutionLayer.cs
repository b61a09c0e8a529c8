using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>The transposed map of a convolution, whose norm it has.</summary>
/// <param name="Name">Where it is.</param>
/// <param name="Convolution">The convolution, which leads from the outputs to the inputs; its bias is not used.</param>
/// <param name="Outputs">The shape of the outputs.</param>
internal sealed record TransposedConvolutionLayer(string Name, ConvolutionLayer Convolution, FeatureShape Outputs) : Layer(Name)
{
    /// <summary>What is added to each channel, shape [out], float64; null where nothing is.</summary>
    public Tensor? Bias { get; init; }

    public override string Kind => "transposed convolution";

    public override string Settings => $"{Convolution.Settings} {Outputs}";

    public override FeatureShape Output(FeatureShape input) =>
        Convolution.Output(Outputs) == input ? Outputs : throw Misfit(input, $"{Convolution.Output(Outputs)}");

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => Convolution.Bound(Outputs);

    public override BoundedMatrix? Matrix(FeatureShape input) =>
        Convolution.Matrix(Outputs) is { } matrix ? matrix with { Value = matrix.Value.t().contiguous() } : null;

    public override (Layer Layer, int Exponent) Normalized()
    {
        var (layer, exponent) = Convolution.Normalized();
        return (this with { Convolution = (ConvolutionLayer)layer }, exponent);
    }

    /// <summary>Applies it to images [1, in, H, W] without its bias.</summary>
    public Tensor Apply(Tensor input) => nn.functional.conv_transpose2d(
        input,
        Convolution.Weight,
        strides: [Convolution.Steps.Stride.Vertical, Convolution.Steps.Stride.Horizontal],
        padding: [Convolution.Steps.Padding.Vertical, Convolution.Steps.Padding.Horizontal],
        output_padding: [Extra(input.shape[2], true), Extra(input.shape[3], false)],
        dilation: [Convolution.Steps.Dilation.Vertical, Convolution.Steps.Dilation.Horizontal],
        groups: Convolution.Steps.Groups);

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) => Sums(input).Apply(signal);

    public override LinearSums Sums(FeatureShape input)
    {
        var sums = (Convolution with { Bias = null }).Sums(Outputs);
        var biases = Bias?.abs().data<double>().ToArray() ?? new double[Outputs.Channels];
        var weight = Convolution.Weight.shape;
        return sums with
        {
            Bias = Rounding.ProductUp(Rounding.Norm(biases), Rounding.RootUp(Outputs.Height * Outputs.Width)),
            LargestRow = sums.Norm, // No row is longer than the norm.
            LargestBias = biases.Max(),
            Outputs = Outputs.Count,
            Order = new(weight[0] / Convolution.Steps.Groups * weight[2] * weight[3]),
        };
    }

    /// <summary>Outputs behind those that the last input reaches.</summary>
    private long Extra(long inputs, bool isVertical)
    {
        var (stride, padding, dilation) = isVertical
            ? (Convolution.Steps.Stride.Vertical, Convolution.Steps.Padding.Vertical, Convolution.Steps.Dilation.Vertical)
            : (Convolution.Steps.Stride.Horizontal, Convolution.Steps.Padding.Horizontal, Convolution.Steps.Dilation.Horizontal);
        var natural = ((inputs - 1) * stride) + (dilation * (Convolution.Weight.shape[isVertical ? 2 : 3] - 1)) + 1 - (2 * padding);
        return (isVertical ? Outputs.Height : Outputs.Width) - natural;
    }
}
