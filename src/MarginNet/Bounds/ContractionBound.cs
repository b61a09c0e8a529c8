using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// Bounds of a residual layer x − Vφ(Wx + b) with a gate φ whose way back is nearly that of an <see cref="SllLayer"/>: with V = WᵀS + E
/// for a diagonal S ≥ 0 and G = √S W it is I − GᵀDG − EDW between two inputs, of norm at most max(1, ‖G‖² − 1) + ‖E‖‖W‖.
/// </summary>
internal static class ContractionBound
{
    private const double RootError = 8 * Rounding.Unit; // Of W√s: a root and a product.

    private const double DifferenceError = 4 * Rounding.Unit; // Of v − ws: a product and a difference, as a share of |v| and of it.

    /// <summary>The bound of x + g(x); null where g is of another form.</summary>
    /// <param name="body">The layers of g.</param>
    /// <param name="input">The shape of x.</param>
    public static UpperBound? Of(IReadOnlyList<Layer> body, FeatureShape input) => body switch
    {
        [ConvolutionLayer map, ActivationLayer { IsGate: true }, TransposedConvolutionLayer back, ChannelScaleLayer { IsScalar: true } sign]
            when IsNegation(sign) && back.Outputs == input => OfConvolutions(map, back.Convolution, input),
        [LinearLayer map, ActivationLayer { IsGate: true }, LinearLayer back] => OfMatrices(map.Weight, back.Weight),
        _ => null,
    };

    private static UpperBound? OfConvolutions(ConvolutionLayer map, ConvolutionLayer back, FeatureShape input)
    {
        var (w, v, steps) = (map.Weight, back.Weight, map.Steps with { Height = input.Height, Width = input.Width });
        if ((map.RelativeError, back.RelativeError) != (0, 0) || !w.shape.AsSpan().SequenceEqual(v.shape)
            || steps != back.Steps with { Height = input.Height, Width = input.Width }
            || Scale(w.flatten(1), v.flatten(1)) is not { } s)
        {
            return null;
        }

        var scale = s.reshape(-1, 1, 1, 1);
        var rest = v - (w * scale);
        double Norm(Tensor weight, double share = 0) => OperatorNorm.Convolution(new ConvolutionKernel(weight, share, steps)).Bound.Value;
        double Absolute(Tensor weight) => new ConvolutionKernel(weight, 0, steps).AbsoluteNorm();
        var error = Rounding.SumUp(Norm(rest), Rounding.ProductUp(DifferenceError, Rounding.SumUp(Absolute(v), Absolute(rest))));
        return Bound(Norm(w * scale.sqrt(), RootError), error, Norm(w));
    }

    private static UpperBound? OfMatrices(BoundedMatrix map, BoundedMatrix back)
    {
        var (w, v) = (map.Value, -back.Value.t());
        if (map.Error != 0 || !w.shape.AsSpan().SequenceEqual(v.shape) || Scale(w, v) is not { } s)
        {
            return null;
        }

        var scale = s.reshape(-1, 1);
        var rest = new BoundedMatrix(v - (w * scale), 0);
        var rounding = Rounding.ProductUp(DifferenceError, Rounding.SumUp(back.Frobenius, rest.Frobenius));
        var error = (rest with { Error = Rounding.SumUp(rounding, back.Error) }).Norm().Value;
        return Bound(LinearLayer.Of("", w * scale.sqrt(), RootError).Weight.Norm().Value, error, map.Norm().Value);
    }

    private static UpperBound Bound(double contraction, double error, double map) =>
        new(Rounding.SumUp(SllLayer.Lipschitz(contraction), Rounding.ProductUp(error, map)));

    /// <summary>The s ≥ 0 for which each row of V is nearest to s times that of W; null where products of them lose digits.</summary>
    private static Tensor? Scale(Tensor w, Tensor v)
    {
        var scale = ((w * v).sum(1) / (w * w).sum(1).clamp_min(Rounding.SmallestNormal)).clamp_min(0);
        return scale.isfinite().all().item<bool>() && ScaleFolding.KeepsDigits(w, scale.unsqueeze(1))
            && ScaleFolding.KeepsDigits(w, scale.sqrt().unsqueeze(1)) ? scale : null;
    }

    private static bool IsNegation(ChannelScaleLayer scale) => scale.RelativeError == 0 && scale.Factors.item<double>() == -1;
}
