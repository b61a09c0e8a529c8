namespace MarginNet.Features;

/// <summary>A mixture of features fitted by EM, its form and order chosen by the Bayesian information criterion.</summary>
/// <param name="Mixture">The chosen mixture.</param>
/// <param name="SampleCount">The number N of samples fitted.</param>
/// <param name="LogLikelihood">log L = Σᵢ log p(zᵢ).</param>
/// <param name="Converged">Whether EM reached its tolerance.</param>
/// <param name="Iterations">EM iterations that led to it.</param>
public sealed record FeatureMixtureFit(FeatureMixture Mixture, int SampleCount, double LogLikelihood, bool Converged, int Iterations)
{
    /// <summary>The criterion −2 log L + P log N.</summary>
    public double Bic => (-2 * LogLikelihood) + (Mixture.ParameterCount * Math.Log(SampleCount));
}
