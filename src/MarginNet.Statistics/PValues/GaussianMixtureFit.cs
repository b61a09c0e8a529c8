using System.Collections.Immutable;

namespace MarginNet.PValues;

/// <summary>A Gaussian mixture fitted by EM, its order chosen by the Bayesian information criterion.</summary>
/// <param name="SampleCount">Number N of values fitted.</param>
/// <param name="Orders">The best fit of every order tried, K = 1, 2, ….</param>
public sealed record GaussianMixtureFit(int SampleCount, ImmutableArray<MixtureOrderFit> Orders)
{
    /// <summary>The order with the smallest criterion; among equals, the smallest order.</summary>
    public MixtureOrderFit Best => Orders.MinBy(order => order.Bic)!;

    /// <summary>The mixture of the chosen order.</summary>
    public GaussianMixture Mixture => Best.Mixture;

    /// <summary>The log-likelihood of the chosen mixture on all the data.</summary>
    public double LogLikelihood => Best.LogLikelihood;

    /// <summary>The criterion of the chosen mixture, −2 log L + (3K − 1) log N.</summary>
    public double Bic => Best.Bic;

    /// <summary>Whether EM reached its tolerance for the chosen order.</summary>
    public bool Converged => Best.Converged;

    /// <summary>EM iterations that led to the chosen mixture.</summary>
    public int Iterations => Best.Iterations;
}
