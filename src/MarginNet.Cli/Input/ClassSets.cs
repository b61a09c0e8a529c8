using MarginNet.PValues;

namespace MarginNet.Cli.Input;

/// <summary>Prediction sets at one rate.</summary>
/// <param name="Sets">The calibrated sets.</param>
/// <param name="Name">What the command line calls their score.</param>
/// <param name="Coverage">The rate at which the true class is in them.</param>
internal sealed record ClassSets(PredictionSets Sets, string Name, double Coverage)
{
    /// <summary>The set of one sample, the most probable class first.</summary>
    public int[] Of(ReadOnlySpan<double> logits) => Sets.Predict(logits, Coverage);
}
