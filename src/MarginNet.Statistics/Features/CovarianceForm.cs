namespace MarginNet.Features;

/// <summary>How free the covariances of a mixture's components are, after Celeux and Govaert (1995); names are scikit-learn's, in brackets
/// mclust's.</summary>
public enum CovarianceForm
{
    /// <summary>One variance for each component (VII): K numbers.</summary>
    Spherical,

    /// <summary>One variance for each feature, of all components (EEI): D numbers.</summary>
    TiedDiagonal,

    /// <summary>One variance for each feature and component (VVI): K D numbers.</summary>
    Diagonal,

    /// <summary>One covariance of all components (EEE): D(D + 1)/2 numbers.</summary>
    Tied,

    /// <summary>One covariance for each component (VVV): K D(D + 1)/2 numbers.</summary>
    Full,
}
