namespace MarginNet.PValues;

/// <summary>
/// The log-likelihood of the values in cells, to the second order in the places of the values within each: the mean of log p over a cell of mean m
/// and variance s² is log p(m) + s²/2 · (log p)''(m), up to the fourth order of the cell's width over the deviations σₖ.
/// </summary>
internal static class CellLikelihood
{
    /// <summary>Computes it in the coordinates of the sample.</summary>
    public static double Compute(MixtureSample cells, MixtureParameters parameters)
    {
        var order = parameters.Order;
        Span<double> terms = stackalloc double[order];
        Span<double> precisions = stackalloc double[order];
        Span<double> constants = stackalloc double[order];
        for (var k = 0; k < order; k++)
        {
            precisions[k] = Math.Exp(-2 * parameters.LogDeviations[k]);
            constants[k] = parameters.LogWeights[k] - parameters.LogDeviations[k] - Normal.HalfLogTwoPi;
        }

        var total = 0.0;
        for (var i = 0; i < cells.Length; i++)
        {
            var value = cells.Values[i];
            var largest = double.NegativeInfinity;
            for (var k = 0; k < order; k++)
            {
                var distance = value - parameters.Means[k];
                terms[k] = constants[k] - (0.5 * precisions[k] * distance * distance);
                largest = Math.Max(largest, terms[k]);
            }

            // With rₖ the responsibilities and aₖ = (mₖ − x)/σₖ² the slopes, (log p)'' = Σ rₖ (aₖ² − 1/σₖ²) − (Σ rₖ aₖ)².
            var (sum, slope, curvature) = (0.0, 0.0, 0.0);
            for (var k = 0; k < order; k++)
            {
                var responsibility = Math.Exp(terms[k] - largest);
                var a = (parameters.Means[k] - value) * precisions[k];
                sum += responsibility;
                slope += responsibility * a;
                curvature += responsibility * ((a * a) - precisions[k]);
            }

            slope /= sum;
            total += cells.Weights[i] * (largest + Math.Log(sum) + (0.5 * cells.Spreads[i] * ((curvature / sum) - (slope * slope))));
        }

        return total;
    }
}
