using MarginNet.Native;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Bounds;

/// <summary>A two-dimensional convolution with zero padding, bounded at the size of its input.</summary>
/// <param name="Name">Where it is.</param>
/// <param name="Weight">The kernel, shape [out, in/groups, height, width], float64.</param>
/// <param name="RelativeError">The share by which each entry may differ from the true one.</param>
/// <param name="Steps">Stride, padding, dilation and groups; its size is not used.</param>
internal sealed record ConvolutionLayer(string Name, Tensor Weight, double RelativeError, ConvolutionGeometry Steps) : Layer(Name)
{
    /// <summary>What is added to each channel, shape [out], float64; null where nothing is.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>How its sums are formed. Default in any order.</summary>
    public SumOrder? Order { get; init; }

    /// <summary>Whether it is computed in float64, and the result rounded to the network's format.</summary>
    public bool IsPrecise { get; init; }

    /// <summary>The first channels of the input, behind which all are 0; null where none are.</summary>
    public int? LiveChannels { get; init; }

    public override string Kind => "convolution";

    public override FeatureShape Output(FeatureShape input)
    {
        var (height, width) = At(input).Geometry.Output((int)Weight.shape[2], (int)Weight.shape[3]);
        return input.Channels == Weight.shape[1] * Steps.Groups && height > 0 && width > 0
            ? new((int)Weight.shape[0], height, width)
            : throw Misfit(
                input, $"{Weight.shape[1] * Steps.Groups} channels of at least the size of its {Weight.shape[2]}x{Weight.shape[3]} kernel");
    }

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => OperatorNorm.Convolution(At(input));

    public override BoundedMatrix? Matrix(FeatureShape input) => At(input).Matrix();

    public override string Settings => Steps.ToString();

    public override (Layer Layer, int Exponent) Normalized()
    {
        // The largest weight is 1 or more then, and so is the sum that the share is of.
        var exponent = PowerOfTwo.Exponent(Weight);
        var share = Rounding.SumUp(RelativeError, Weight.numel() * PowerOfTwo.Lost(-exponent));
        return (this with { Weight = PowerOfTwo.Times(Weight, -exponent), RelativeError = share }, exponent);
    }

    /// <summary>Convolves images [N, in, H, W]; the caller disposes the result.</summary>
    public Tensor Apply(Tensor input)
    {
        if (Steps is { Padding: var before, PaddingBehind: { } behind })
        {
            using var surrounded = F.pad(input, [before.Horizontal, behind.Horizontal, before.Vertical, behind.Vertical]);
            return (this with { Steps = Steps with { Padding = (0, 0), PaddingBehind = null } }).Apply(surrounded);
        }

        return Weight.shape is [_, _, 1, 1] && Steps is { Groups: 1, Padding: (0, 0) }
            ? PointwiseProduct.Convolve(input, Weight, Steps.Stride)
            : F.conv2d(
                MemoryOrder.ChannelsLast(input),
                Weight,
                strides: [Steps.Stride.Vertical, Steps.Stride.Horizontal],
                padding: [Steps.Padding.Vertical, Steps.Padding.Horizontal],
                dilation: [Steps.Dilation.Vertical, Steps.Dilation.Horizontal],
                groups: Steps.Groups);
    }

    /// <summary>The convolution whose outputs are multiplied, channel by channel.</summary>
    public ConvolutionLayer ScaleOutputs(ChannelScaleLayer scale) => Scale(scale, scale.Factors.reshape(-1, 1, 1, 1));

    /// <summary>The convolution whose inputs are multiplied; the zeros of the padding stay zeros. Not for groups.</summary>
    public ConvolutionLayer ScaleInputs(ChannelScaleLayer scale) => Scale(scale, scale.Factors.reshape(1, -1, 1, 1));

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) => Sums(input).Apply(signal);

    public override LinearSums Sums(FeatureShape input)
    {
        using var scope = NewDisposeScope();
        var (output, share) = (Output(input), Rounding.SumUp(1, RelativeError));
        var largest = ScoreConstants.RowNorms(Weight.flatten(1), 0).Max();
        var biases = Bias?.abs().data<double>().ToArray() ?? new double[output.Channels];
        var bias = Rounding.ProductUp(Rounding.Norm(biases), Rounding.RootUp(output.Height * output.Width));
        var order = Order ?? new(Weight.shape[1] * Weight.shape[2] * Weight.shape[3]);
        return new(
            Bound(input).Bound.Value,
            Rounding.ProductUp(
                (LiveChannels is { } live ? At(input) with { Weight = Weight.narrow(1, 0, live) } : At(input)).AbsoluteNorm(), share),
            Rounding.ProductUp(bias, share),
            Rounding.ProductUp(largest, share),
            Rounding.ProductUp(biases.Max(), share),
            output.Count,
            order,
            0,
            IsPrecise);
    }

    private ConvolutionLayer Scale(ChannelScaleLayer scale, Tensor factors) =>
        this with { Bias = null, Weight = Weight * factors, RelativeError = 2 * (RelativeError + scale.RelativeError + Rounding.Unit) };

    private ConvolutionKernel At(FeatureShape input) =>
        new(Weight, RelativeError, Steps with { Height = input.Height, Width = input.Width });
}
