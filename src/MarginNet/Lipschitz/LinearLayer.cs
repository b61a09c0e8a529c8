using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>A dense layer Wx.</summary>
internal sealed record LinearLayer(string Name, BoundedMatrix Weight) : Layer(Name)
{
    /// <summary>The side of a matrix from which on products of matrices take too long.</summary>
    public const int MatrixSide = 1024;

    public override string Kind => "linear";

    public override FeatureShape Output(FeatureShape input) =>
        input.IsVector && input.Channels == Weight.Columns ? new((int)Weight.Rows) : throw Misfit(input, $"a vector of {Weight.Columns}");

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => (Weight.Norm(), "Gram iteration");

    public override BoundedMatrix? Matrix(FeatureShape input) => Math.Min(Weight.Rows, Weight.Columns) <= MatrixSide ? Weight : null;

    public override (Layer Layer, int Exponent) Normalized()
    {
        var exponent = PowerOfTwo.Exponent(Weight.Value);
        return (this with { Weight = Weight.TimesPowerOfTwo(-exponent) }, exponent);
    }

    /// <summary>diag(s)·W.</summary>
    public LinearLayer ScaleOutputs(ChannelScaleLayer scale) => Scale(scale, scale.Factors.reshape(-1, 1));

    /// <summary>W·diag(s).</summary>
    public LinearLayer ScaleInputs(ChannelScaleLayer scale) => Scale(scale, scale.Factors.reshape(1, -1));

    private LinearLayer Scale(ChannelScaleLayer scale, Tensor factors)
    {
        var largest = Rounding.ProductUp(factors.abs().max().ToDouble(), Rounding.SumUp(1, scale.RelativeError));
        var scaled = new BoundedMatrix(Weight.Value * factors, 0);
        var entries = Rounding.ProductUp(scaled.Frobenius, 2 * (scale.RelativeError + Rounding.Unit));
        return this with { Weight = scaled with { Error = Rounding.SumUp(entries, Rounding.ProductUp(Weight.Error, largest)) } };
    }
}
