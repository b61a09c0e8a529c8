namespace MarginNet.Training;

/// <summary>How ε grows in training by bounds: with the fourth power of the progress over the first quarter of the ramp, and on linearly,
/// without a bend (the smoothed schedule of Zhang et al., 2020).</summary>
public static class EpsilonRamp
{
    private const double Middle = 0.25;
    private const int Power = 4;

    /// <summary>Computes the share of ε that is due.</summary>
    /// <param name="progress">The share of the ramp that is over, in [0, 1].</param>
    /// <returns>In [0, 1], from 0 to 1.</returns>
    public static double Share(double progress)
    {
        var (value, slope) = (Math.Pow(Middle, Power), Power * Math.Pow(Middle, Power - 1));
        var end = value + (slope * (1 - Middle));
        return progress >= 1 ? 1
            : (progress < Middle ? Math.Pow(progress, Power) : value + (slope * (progress - Middle))) / end;
    }
}
