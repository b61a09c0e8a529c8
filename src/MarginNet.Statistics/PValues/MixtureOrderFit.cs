namespace MarginNet.PValues;

/// <summary>The best fit found for one order K of a mixture.</summary>
/// <param name="Mixture">The mixture, its components in increasing order of their means.</param>
/// <param name="LogLikelihood">Its log-likelihood on all the data, exact whatever shortcut found the mixture; of 2²⁰ values or more to a thousandth of a nat.</param>
/// <param name="Bic">Its criterion −2 log L + (3K − 1) log N.</param>
/// <param name="Iterations">EM iterations of the run that led to it.</param>
/// <param name="Converged">Whether that run reached its tolerance.</param>
public sealed record MixtureOrderFit(GaussianMixture Mixture, double LogLikelihood, double Bic, int Iterations, bool Converged);
