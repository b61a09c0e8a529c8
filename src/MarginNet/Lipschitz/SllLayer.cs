using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>The residual layer x − GᵀReLU(Gx + b) of a linear map G. Between two inputs it is I − GᵀDG with D in [0, 1], of norm at most max(1, ‖G‖² − 1).</summary>
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
        var (format, hidden) = (signal.Format, Map.Output(input));
        var inward = Map.Sums(input)!;
        var lipschitz = Lipschitz(inward.Norm);
        var underflow = Rounding.ProductUp(Scale.Largest * 2 * (inward.Order.Terms + 1) * inward.Order.Blocks * format.Smallest, Rounding.RootUp(hidden.Count));
        var inner = inward.Error(format, signal.Reached) + underflow;
        var reached = (signal.Reached * inward.Norm) + inward.Bias + inner;
        var back = inward with { Bias = 0, LargestBias = 0, LargestRow = inward.Norm, Outputs = input.Count, Order = BackOrder, WeightRoundings = 4 };
        var outward = back.Error(format, reached) + (reached * Rounding.ProductUp(inward.Norm, ScaleShare)) + Underflow(format, reached, input);
        var offset = Rounding.ProductUp(inward.Norm, PositiveBias(hidden));
        var norm = (signal.Norm * lipschitz) + offset;
        var error = (signal.Error * lipschitz) + (inner * inward.Norm) + outward;
        var difference = format.Roundings(1, norm + error, input.Count);
        var peak = (inward.Peak(signal.Reached) * Rounding.QuotientUp(1, Scale.Least)).Or(reached * Rounding.QuotientUp(1, Scale.Least)).Or(reached * inward.Norm);
        return signal.Next(norm, error + difference, peak);
    }

    private static double Lipschitz(double norm) => Math.Max(1, Math.BitIncrement(Rounding.ProductUp(norm, norm) - 1));

    /// <summary>Where a weight of the way back underflows, times hidden numbers.</summary>
    private AffineBound Underflow(FloatFormat format, AffineBound reached, FeatureShape input) =>
        reached * Rounding.ProductUp(Rounding.QuotientUp(4 * format.Smallest * BackOrder.Terms * BackOrder.Blocks, Scale.Least), Rounding.RootUp(input.Count));

    /// <summary>‖ReLU(b)‖ over all hidden numbers: what the layer makes of 0 is no longer than ‖Gᵀ‖ times it.</summary>
    private double PositiveBias(FeatureShape hidden) =>
        Rounding.ProductUp(Bias is null ? 0 : Rounding.Norm(Bias.clamp_min(0).data<double>().ToArray()), Rounding.RootUp(hidden.Height * hidden.Width));
}
