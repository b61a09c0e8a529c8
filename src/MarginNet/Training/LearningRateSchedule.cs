namespace MarginNet.Training;

/// <summary>How the learning rate moves over a round of training.</summary>
public enum LearningRateSchedule
{
    /// <summary>The same throughout, as in the paper.</summary>
    Constant,

    /// <summary>From a 25th up to the peak over the first 30 % of the steps and down to nearly nothing, along cosines (Smith,
    /// 2018).</summary>
    OneCycle,

    /// <summary>Half a cosine from the peak down to 0 (Loshchilov and Hutter, 2017).</summary>
    Cosine,
}

/// <summary>The learning rate as a pure function of the progress, so that a resumed run needs no state for it.</summary>
public static class LearningRate
{
    private const double WarmShare = 0.3;
    private const double InitialDivisor = 25;
    private const double FinalDivisor = 1e4; // Of the initial rate.

    /// <summary>Computes the factor of the peak learning rate.</summary>
    /// <param name="schedule">The shape.</param>
    /// <param name="progress">The share of the round's steps already taken, in [0, 1).</param>
    /// <returns>A factor in [0, 1].</returns>
    public static double Factor(LearningRateSchedule schedule, double progress) => schedule switch
    {
        LearningRateSchedule.OneCycle when progress < WarmShare => Anneal(1 / InitialDivisor, 1, progress / WarmShare),
        LearningRateSchedule.OneCycle => Anneal(1, 1 / (InitialDivisor * FinalDivisor), (progress - WarmShare) / (1 - WarmShare)),
        LearningRateSchedule.Cosine => Anneal(1, 0, progress),
        _ => 1,
    };

    /// <summary>Moves from <paramref name="start"/> to <paramref name="end"/> along half a cosine.</summary>
    private static double Anneal(double start, double end, double progress) =>
        end + ((start - end) * (1 + Math.Cos(Math.PI * progress)) / 2);
}
