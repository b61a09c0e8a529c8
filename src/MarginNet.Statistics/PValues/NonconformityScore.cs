namespace MarginNet.PValues;

/// <summary>How ill a class suits a sample, by its softmax probabilities p; the larger, the worse.</summary>
public enum NonconformityScore
{
    /// <summary>LAC, 1 − p_y (Sadinle, Lei and Wasserman 2019): the smallest sets on average, which may be empty.</summary>
    Lac,

    /// <summary>APS, the sum of the probabilities of more probable classes and of p_y (Romano, Sesia and Candès 2020):
    /// sets that grow with the difficulty of the sample.</summary>
    Aps,

    /// <summary>RAPS, APS and λ max(0, r_y − k), r_y being the rank of the class from 1 on (Angelopoulos et al. 2021):
    /// without APS's long tail of improbable classes.</summary>
    Raps,
}
