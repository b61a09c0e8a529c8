using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>A factor for each channel, such as a batch-norm in evaluation mode or the normalisation of the input.</summary>
/// <param name="Name">Where it is.</param>
/// <param name="Factors">The factors, shape [C], or [1] for all channels alike; float64.</param>
/// <param name="RelativeError">The share by which each may differ from the true one.</param>
internal sealed record ChannelScaleLayer(string Name, Tensor Factors, double RelativeError) : Layer(Name)
{
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
}
