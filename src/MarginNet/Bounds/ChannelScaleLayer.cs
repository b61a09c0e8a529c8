using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>A factor for each channel, such as a batch-norm in evaluation mode or the normalisation of the input.</summary>
/// <param name="Name">Where it is.</param>
/// <param name="Factors">The factors, shape [C], or [1] for all channels alike; float64.</param>
/// <param name="RelativeError">The share by which each may differ from the true one.</param>
internal sealed record ChannelScaleLayer(string Name, Tensor Factors, double RelativeError) : Layer(Name)
{
    /// <summary>Roundings of a factor, where it is two that are rounded to the network's format.</summary>
    public const int ScalarRoundings = 4;

    private const int BatchNormRoundings = 8; // A root, a quotient and products, with x − mean or with x · factor; more than any order has.

    /// <summary>What is subtracted first, shape [C], float64; null where nothing is.</summary>
    public Tensor? Mean { get; init; }

    /// <summary>What is added last, shape [C], float64; null where nothing is.</summary>
    public Tensor? Shift { get; init; }

    /// <summary>The largest number on the way to the factors. Default none that is larger than they are.</summary>
    public double LargestStep { get; init; }

    /// <summary>Whether it is (x − mean) / deviation or (x − mean) · factor, and nothing but that.</summary>
    public bool IsNormalization { get; init; }

    /// <summary>Whether it only adds or subtracts.</summary>
    public bool IsTranslation { get; init; }

    /// <summary>Factors that are off by a few roundings: of γ/√(v + ε), a sum, a root and a quotient.</summary>
    public static ChannelScaleLayer Of(string name, Tensor factors) => new(name, factors, 8 * Rounding.Unit);

    /// <summary>x − mean + shift, each of shape [C].</summary>
    public static ChannelScaleLayer Translation(string name, Tensor? mean, Tensor? shift) =>
        new(name, ones_like((mean ?? shift)!.narrow(0, 0, 1)), 0) { Mean = mean, Shift = shift, IsTranslation = true };

    /// <summary>One factor for all, raised where it is too small to have all its digits: a larger one has larger bounds.</summary>
    public static Tensor WithDigits(Tensor factors)
    {
        if (factors.numel() != 1 || factors.dtype != ScalarType.Float64)
        {
            return factors;
        }

        var size = Math.Abs(factors.item<double>());
        return size is > 0 and < Rounding.SmallestNormal ? full_like(factors, Rounding.SmallestNormal) : factors;
    }

    /// <summary>Whether it is one factor for all.</summary>
    public bool IsScalar => Factors.numel() == 1 && Mean is null && Shift is null;

    public override string Kind => "scale";

    public override bool IsHomogeneous => true;

    public override FeatureShape Output(FeatureShape input) =>
        Factors.numel() == 1 || Factors.numel() == input.Channels ? input : throw Misfit(input, $"{Factors.numel()} channels");

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) =>
        (new(Rounding.ProductUp(Factors.abs().max().item<double>(), Rounding.SumUp(1, RelativeError))), "exact");

    public override string Settings => Convert.ToHexStringLower(Factors.contiguous().bytes);

    public override (Layer Layer, int Exponent) Normalized()
    {
        var exponent = PowerOfTwo.Exponent(Factors);
        var share = Rounding.SumUp(RelativeError, Factors.numel() * PowerOfTwo.Lost(-exponent));
        return (this with { Factors = PowerOfTwo.Times(Factors, -exponent), RelativeError = share }, exponent);
    }

    public override BoundedMatrix? Matrix(FeatureShape input)
    {
        if (input.Count > LinearLayer.MatrixSide)
        {
            return null;
        }

        var matrix = new BoundedMatrix(diag(Factors.expand(input.Channels).repeat_interleave(input.Height * input.Width)), 0);
        return matrix with { Error = Rounding.ProductUp(RelativeError, matrix.Frobenius) };
    }

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input)
    {
        if (IsScalar)
        {
            return signal.Through(Bound(input).Bound.Value, ScalarRoundings, input.Count);
        }

        using var scope = NewDisposeScope();
        var (none, root) = (zeros(1, dtype: ScalarType.Float64), Rounding.RootUp(input.Height * input.Width));
        var (mean, shift) = ((Mean ?? none).abs(), (Shift ?? none).abs());
        var moved = Rounding.ProductUp(Length((mean * Factors.abs()) + shift), root);
        var fixedPart = Rounding.ProductUp(Length((Shift ?? none) - ((Mean ?? none) * Factors)), root)
            + Rounding.ProductUp(moved, RelativeError + Rounding.Gamma(4));
        var (slope, lost) = (Bound(input).Bound.Value, BatchNormRoundings * signal.Format.Smallest);
        var rounding = signal.Format.Roundings(BatchNormRoundings, (signal.Reached * slope) + moved, input.Count)
            + ((signal.Reached + Rounding.ProductUp(Length(mean), root)) * lost); // A factor may underflow.
        var steps = (signal.Reached + mean.max().item<double>()) * Math.Max(Math.Max(1, LargestStep), slope);
        return signal.Next((signal.Norm * slope) + fixedPart, (signal.Error * slope) + rounding, steps + moved);
    }

    /// <summary>The signal behind the normalisation of the input, whose length is measured there: a difference and a quotient.</summary>
    public ForwardSignal Normalized(ForwardSignal signal, FeatureShape input)
    {
        var deviation = Rounding.QuotientUp(1, Factors.abs().min().item<double>() * (1 - (2 * RelativeError)));
        var peak = (signal.Norm * Math.Max(1, deviation)) + Mean!.abs().max().item<double>();
        return signal.Next(signal.Norm, signal.Format.Roundings(3, signal.Norm, input.Count)
            + Rounding.ProductUp(Bound(input).Bound.Value * signal.Format.Smallest, Rounding.RootUp(input.Count)), peak);
    }

    private static double Length(Tensor values) => Rounding.NormUp(values.Squared().sum().sqrt().item<double>(), values.numel());
}
