using MarginNet.Native;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Bounds;

/// <summary>The residual layer x − GᵀReLU(Gx + b) of a linear map G. Between two inputs it is I − GᵀDG with D in [0, 1],
/// of norm at most max(1, ‖G‖² − 1).</summary>
internal sealed record SllLayer(string Name, Layer Map) : Layer(Name)
{
    /// <summary>How the sums of the way back are formed.</summary>
    public SumOrder BackOrder { get; init; }

    /// <summary>The bias b, shape [hidden], float64.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>
    /// The network runs as x − WᵀS ReLU(Wx + b/√S), S a diagonal matrix and G = √S W: the least and the largest number in √S.
    /// </summary>
    public (double Least, double Largest) Scale { get; init; } = (1, 1);

    /// <summary>The share by which S may differ from the described one.</summary>
    public double ScaleShare { get; init; }

    /// <summary>Whether it is computed in float64, and the result rounded to the network's format.</summary>
    public bool IsPrecise { get; init; }

    public override string Kind => "residual";

    public override FeatureShape Output(FeatureShape input)
    {
        Map.Output(input);
        return input;
    }

    public override (UpperBound Bound, string Method) Bound(FeatureShape input)
    {
        var (norm, method) = Map.Bound(input);
        return (new(Lipschitz(norm.Value)), method);
    }

    /// <summary>
    /// The hidden numbers are measured times √S. Their rounding comes back through Gᵀ, with its norm and not that of |G|; only that of the
    /// way back's own sums sees |G| again.
    /// </summary>
    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input)
    {
        using var scope = NewDisposeScope();
        var (format, hidden) = (IsPrecise ? FloatFormat.Double : signal.Format, Map.Output(input));
        var inward = Map.Sums(input)!;
        var outwardAbsolute = Map is ConvolutionLayer { LiveChannels: not null } padded
            ? (padded with { LiveChannels = null }).Sums(input).Absolute
            : inward.Absolute;
        var lipschitz = Lipschitz(inward.Norm);
        var underflow = Rounding.ProductUp(
            Scale.Largest * 2 * (inward.Order.Terms + 1) * inward.Order.Blocks * format.Smallest, Rounding.RootUp(hidden.Count));
        var inner = inward.Error(format, signal.Reached) + underflow;
        var reached = (signal.Reached * inward.Norm) + inward.Bias + inner;
        var back = inward with
        {
            Absolute = outwardAbsolute,
            Bias = 0,
            LargestBias = 0,
            LargestRow = inward.Norm,
            Outputs = input.Count,
            Order = BackOrder,
            WeightRoundings = 4,
        };
        var outward = back.Error(format, reached) + (reached * Rounding.ProductUp(inward.Norm, ScaleShare))
            + Underflow(format, reached, input);
        var norm = (signal.Norm * lipschitz) + AtZero(hidden, back, inward.Bias);
        var error = (signal.Error * lipschitz) + (inner * inward.Norm) + outward;
        var difference = signal.Format.Roundings(IsPrecise ? 2 : 1, norm + error, input.Count); // Of float64, too, where it is that.
        var peak = (inward.Peak(signal.Reached) * Rounding.QuotientUp(1, Scale.Least)).Or(reached * Rounding.QuotientUp(1, Scale.Least))
            .Or(reached * inward.Norm);
        return signal.Next(norm, error + difference, peak);
    }

    /// <summary>max(1, ‖G‖² − 1), rounded up.</summary>
    public static double Lipschitz(double norm) => Math.Max(1, Math.BitIncrement(Rounding.ProductUp(norm, norm) - 1));

    /// <summary>Where a weight of the way back underflows, times hidden numbers.</summary>
    private AffineBound Underflow(FloatFormat format, AffineBound reached, FeatureShape input) =>
        reached * Rounding.ProductUp(
            Rounding.QuotientUp(4 * format.Smallest * BackOrder.Terms * BackOrder.Blocks, Scale.Least), Rounding.RootUp(input.Count));

    /// <summary>‖GᵀReLU(b)‖, the length of what the layer makes of 0.</summary>
    private double AtZero(FeatureShape hidden, LinearSums back, double bias)
    {
        if (Bias is null)
        {
            return 0;
        }

        var open = Bias.clamp_min(0).reshape(1, -1, 1, 1).expand(1, -1, hidden.Height, hidden.Width);
        var image = Map is ConvolutionLayer convolution
            ? F.conv_transpose2d(
                open, convolution.Weight, padding: [convolution.Steps.Padding.Vertical, convolution.Steps.Padding.Horizontal])
            : open.flatten(1).mm(((LinearLayer)Map).Weight.Value);
        var length = Rounding.NormUp(image.Squared().sum().sqrt().item<double>(), image.numel());
        var error = Rounding.ProductUp(
            Rounding.ProductUp(back.Absolute, bias), ScaleShare + Rounding.Gamma((back.Order.Terms * back.Order.Blocks) + 16));
        return Rounding.SumUp(length, error);
    }
}
