namespace MarginNet.PValues;

/// <summary>
/// EM from one start to convergence, accelerated by quasi-Newton steps (Jamshidian and Jennrich 1997,
/// Acceleration of the EM algorithm by using quasi-Newton methods).
/// A step that does not raise the log-likelihood gives way to the plain EM step, so the log-likelihood never falls.
/// </summary>
/// <param name="Parameters">Where the run ended, in the coordinates of its sample.</param>
/// <param name="LogLikelihood">The log-likelihood there.</param>
/// <param name="Iterations">EM iterations taken.</param>
/// <param name="Converged">Whether the last two steps gained no more than the tolerance.</param>
/// <param name="Curvature">What was learned of the curvature, with which a finer sample can go on.</param>
internal sealed record MixtureRun(
    MixtureParameters Parameters, double LogLikelihood, int Iterations, bool Converged, InverseCurvature? Curvature)
{
    private const int PlainSteps = 5; // quasi-Newton steps need a start in the neighbourhood that a few plain ones find

    /// <summary>A run of no iterations yet, from parameters whose weights need not sum to one.</summary>
    public static MixtureRun Start(MixtureParameters start, double varianceFloor)
    {
        start.Constrain(varianceFloor);
        return new MixtureRun(start, double.NegativeInfinity, 0, false, null);
    }

    /// <summary>Goes on from where this run ended, on the same sample or a finer one.</summary>
    /// <param name="sample">The data.</param>
    /// <param name="varianceFloor">Smallest variance of a component, the data's being 1.</param>
    /// <param name="tolerance">Gain per value and step, in nats, that counts as none.</param>
    /// <param name="maxIterations">The most iterations to add.</param>
    public MixtureRun Continue(MixtureSample sample, double varianceFloor, double tolerance, int maxIterations)
    {
        var at = MixturePoint.Evaluate(sample, Parameters, varianceFloor);
        var curvature = at.Image.Order == at.Parameters.Order ? Curvature?.Clone() : null;
        var (iterations, plain, idle) = (1, 0, 0);
        while (iterations < maxIterations && idle < 2)
        {
            MixturePoint? next = null;
            if (curvature is not null)
            {
                next = MixturePoint.Evaluate(sample, at.Parameters.Add(curvature.Multiply(at.Gradient), varianceFloor), varianceFloor);
                iterations++;
                if (next.LogLikelihood >= at.LogLikelihood && next.Image.Order == at.Image.Order)
                    curvature.Update(at, next);
                else
                    (next, curvature) = (null, null);
            }

            if (next is null)
            {
                next = MixturePoint.Evaluate(sample, at.Image, varianceFloor);
                iterations++;
                plain++;
            }

            // At the limit of rounding even a plain step may seem to lose, and so it does by the trifle that a pruned component held.
            var gain = next.LogLikelihood - at.LogLikelihood;
            idle = gain <= tolerance * sample.Count ? idle + 1 : 0;
            if (gain >= 0 || next.Parameters.Order < at.Parameters.Order)
                at = next;

            if (at.Image.Order == at.Parameters.Order && plain >= PlainSteps)
                curvature ??= new InverseCurvature(at.Parameters, sample.Count);
        }

        return new MixtureRun(at.Parameters, at.LogLikelihood, Iterations + iterations, idle >= 2, curvature);
    }
}
