using System.Numerics.Tensors;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>Features to fit mixtures to.</summary>
/// <param name="Features">Shape [N, D].</param>
/// <param name="Mean">Shape [D].</param>
/// <param name="Variances">Shape [D].</param>
/// <param name="Floor">What is added to every variance.</param>
internal sealed record FeatureSample(NumericArray Features, double[] Mean, double[] Variances, double Floor)
{
    public int Count => Features.Rows;

    public int Dimension => Features.Columns;

    public static FeatureSample Of(NumericArray features, double varianceFloor)
    {
        var (mean, variances, buffer) = (FeatureArrays.Mean(features), new double[features.Columns], new double[features.Columns]);
        for (var i = 0; i < features.Rows; i++)
        {
            TensorPrimitives.Subtract(features.Row(i), mean, buffer);
            TensorPrimitives.MultiplyAdd(buffer, buffer, variances, variances);
        }

        TensorPrimitives.Divide(variances, (double)features.Rows, variances);
        return new(features, mean, variances, varianceFloor * variances.Average());
    }
}
