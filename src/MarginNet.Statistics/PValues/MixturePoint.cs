namespace MarginNet.PValues;

/// <summary>Parameters together with all that one pass over the data says of them.</summary>
/// <param name="Parameters">The parameters θ.</param>
/// <param name="LogLikelihood">The log-likelihood of θ.</param>
/// <param name="Image">The parameters that an EM step leads to.</param>
/// <param name="Gradient">The gradient of the log-likelihood at θ; 0 for a deviation held at its floor.</param>
internal sealed record MixturePoint(MixtureParameters Parameters, double LogLikelihood, MixtureParameters Image, double[] Gradient)
{
    public static MixturePoint Evaluate(MixtureSample sample, MixtureParameters parameters, double varianceFloor)
    {
        var (image, logLikelihood) = ExpectationMaximization.Step(sample, parameters, varianceFloor);
        var gradient = image.Order == parameters.Order ? FindGradient(parameters, image, sample.Count, varianceFloor) : [];
        return new MixturePoint(parameters, logLikelihood, image, gradient);
    }

    // Fisher's identity: the gradient of log L is that of the expected complete log-likelihood, whose sums the EM step has already taken.
    private static double[] FindGradient(MixtureParameters parameters, MixtureParameters image, int count, double varianceFloor)
    {
        var order = parameters.Order;
        var gradient = new double[3 * order];
        for (var k = 0; k < order; k++)
        {
            var values = count * Math.Exp(image.LogWeights[k]);
            var variance = Math.Exp(2 * parameters.LogDeviations[k]);
            var shift = image.Means[k] - parameters.Means[k];
            gradient[k] = values - (count * Math.Exp(parameters.LogWeights[k]));
            gradient[order + k] = values * shift / variance;
            if (variance > varianceFloor * (1 + 1e-9) || image.LogDeviations[k] > parameters.LogDeviations[k])
                gradient[(2 * order) + k] = values * (((Math.Exp(2 * image.LogDeviations[k]) + (shift * shift)) / variance) - 1);
        }

        return gradient;
    }
}
