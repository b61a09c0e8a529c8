using MarginNet.Arrays;
using MarginNet.PValues;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MarginNet.Cli.Input;

/// <summary>Prediction sets at one rate.</summary>
/// <param name="Sets">The calibrated sets.</param>
/// <param name="Name">What the command line calls their score.</param>
/// <param name="Coverage">The rate at which the true class is in them.</param>
/// <param name="Temperature">T, by which logits are divided first: softmax of large ones is 0 and 1, which orders no classes.</param>
internal sealed record ClassSets(PredictionSets Sets, string Name, double Coverage, double Temperature)
{
    /// <summary>What sets need of samples, of their logits over T.</summary>
    public static SetCalibration Keep(NumericArray logits, int[] labels, double temperature, double[]? weights) =>
        SetCalibration.Fit(logits with { Values = Over(logits.Values.Span, temperature) }, labels, weights);

    /// <summary>The set of one sample, the most probable class first.</summary>
    public int[] Of(ReadOnlySpan<double> logits, double weight = 1) => Sets.Predict(Over(logits, Temperature), Coverage, weight: weight);

    private static double[] Over(ReadOnlySpan<double> logits, double temperature)
    {
        var scaled = new double[logits.Length];
        TensorPrimitives.Divide(logits, temperature, scaled);
        return scaled;
    }
}
