namespace MarginNet.Training;

/// <summary>Training stopped because the loss or the scores are no longer finite numbers; the weights are of no use any more.</summary>
public sealed class DivergenceException : Exception
{
    /// <summary>Describes where training diverged.</summary>
    /// <param name="loss">The loss, NaN or infinite; finite where the scores of an evaluation are not.</param>
    /// <param name="round">The round, from 1; 0 is the warm-up.</param>
    /// <param name="epoch">The epoch in the round, from 1.</param>
    /// <param name="step">The step of the run, from 1.</param>
    /// <param name="learningRate">The learning rate of that step.</param>
    public DivergenceException(double loss, int round, int epoch, long step, double learningRate)
        : base(FormattableString.Invariant(
            $"Training diverged: {(double.IsFinite(loss) ? "the scores are no longer finite after a loss of" : "the loss became")} {loss} at round {round}, epoch {epoch}, step {step}, learning rate {learningRate:g3}. Lower the learning rate, warm up with cross-entropy, or ramp the margin."))
    {
    }
}
