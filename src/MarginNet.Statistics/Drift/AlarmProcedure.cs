namespace MarginNet.Drift;

/// <summary>What is compared with the threshold c, and what that guarantees where p-values are independent and uniform. S is the martingale
/// after the last sample, Sᵢ after i.</summary>
public enum AlarmProcedure
{
    /// <summary>S itself, for one alarm: with c = 1/α there ever is one with a probability of at most α (Ville).</summary>
    Ville,

    /// <summary>max over i of S/Sᵢ, begun anew after each alarm: at least c samples from one alarm to the next in the mean, as the sum of
    /// <see cref="ShiryaevRoberts"/> is no smaller.</summary>
    Cusum,

    /// <summary>Σᵢ S/Sᵢ, begun anew after each alarm: at least c samples from one alarm to the next in the mean, for the sum less the
    /// number of samples is a
    /// martingale.</summary>
    ShiryaevRoberts,
}
