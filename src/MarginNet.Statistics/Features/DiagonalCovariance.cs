using System.Numerics.Tensors;

namespace MarginNet.Features;

/// <summary>A covariance of features that are independent.</summary>
/// <param name="variances">Their variances, shape [D], positive.</param>
internal sealed class DiagonalCovariance(double[] variances) : IComponentCovariance
{
    private readonly double[] _reciprocals = [.. variances.Select(variance => 1 / Math.Sqrt(variance))];

    public double LogDeterminant { get; } = variances.Sum(Math.Log);

    public double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> mean, Span<double> buffer)
    {
        buffer = buffer[..x.Length];
        TensorPrimitives.Subtract(x, mean, buffer);
        TensorPrimitives.Multiply(buffer, _reciprocals, buffer);
        return TensorPrimitives.SumOfSquares<double>(buffer);
    }

    public double TraceOfInverse() => TensorPrimitives.SumOfSquares<double>(_reciprocals);
}
