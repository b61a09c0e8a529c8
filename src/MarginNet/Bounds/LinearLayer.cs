using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>A dense layer Wx.</summary>
internal sealed record LinearLayer(string Name, BoundedMatrix Weight) : Layer(Name)
{
    /// <summary>The side of a matrix from which on products of matrices take too long.</summary>
    public const int MatrixSide = 1024;

    /// <summary>What is added, shape [out], float64; null where nothing is.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>Whether it is computed in float64, and the result rounded to the network's format.</summary>
    public bool IsPrecise { get; init; }

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

    /// <summary>A matrix each number of which may be off by a share.</summary>
    public static LinearLayer Of(string name, Tensor matrix, double relativeError)
    {
        var weight = new BoundedMatrix(matrix, 0);
        return new(name, weight with { Error = Rounding.ProductUp(relativeError, weight.Frobenius) });
    }

    /// <summary>diag(s)·W.</summary>
    public LinearLayer ScaleOutputs(ChannelScaleLayer scale) => Scale(scale, scale.Factors.reshape(-1, 1));

    /// <summary>W·diag(s).</summary>
    public LinearLayer ScaleInputs(ChannelScaleLayer scale) => Scale(scale, scale.Factors.reshape(1, -1));

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) => Sums(input).Apply(signal);

    public override LinearSums Sums(FeatureShape input)
    {
        using var scope = NewDisposeScope();
        var rows = ScoreConstants.RowNorms(Weight.Value, Weight.Error);
        var biases = Biases();
        return new(
            Weight.Norm().Value, Weight.Abs().Norm().Value, Rounding.Norm(biases), rows.Max(), biases.Max(), Weight.Rows,
            new(Weight.Columns), 0, IsPrecise);
    }

    /// <summary>A bound of each output and of its partial sums, for inputs of a given length.</summary>
    public AffineBound[] Scores(AffineBound input, ScoreConstants rows) =>
        [.. rows.Scores.Zip(Biases(), (row, bias) => (input * row) + bias)];

    /// <summary>What rounding comes to in each output.</summary>
    public AffineBound[] ScoreErrors(FloatFormat format, AffineBound input, ScoreConstants rows) =>
        [.. rows.Scores.Zip(
            Biases(), (row, bias) => new LinearSums(row, row, bias, row, bias, 1, new(Weight.Columns), 0, IsPrecise).Error(format, input))];

    private double[] Biases() => Bias?.abs().data<double>().ToArray() ?? new double[Weight.Rows];

    private LinearLayer Scale(ChannelScaleLayer scale, Tensor factors)
    {
        var largest = Rounding.ProductUp(factors.abs().max().ToDouble(), Rounding.SumUp(1, scale.RelativeError));
        var scaled = new BoundedMatrix(Weight.Value * factors, 0);
        var entries = Rounding.ProductUp(scaled.Frobenius, 2 * (scale.RelativeError + Rounding.Unit));
        return this with
        {
            Bias = null,
            Weight = scaled with { Error = Rounding.SumUp(entries, Rounding.ProductUp(Weight.Error, largest)) },
        };
    }
}
