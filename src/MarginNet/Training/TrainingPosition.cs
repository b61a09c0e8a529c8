namespace MarginNet.Training;

/// <summary>How far a run has come. With the seed it gives the order of the samples and the learning rate.</summary>
/// <param name="Round">The round, from 1; 0 is the warm-up.</param>
/// <param name="Epoch">The epoch in the round, from 1; one more than there are where all were trained.</param>
/// <param name="Step">The steps already taken in the epoch.</param>
internal readonly record struct TrainingPosition(int Round, int Epoch, int Step)
{
    public static TrainingPosition Start { get; } = new(0, 1, 0);

    public TrainingPosition NextStep => this with { Step = Step + 1 };

    public TrainingPosition NextEpoch => new(Round, Epoch + 1, 0);

    public TrainingPosition NextRound => new(Round + 1, 1, 0);

    /// <summary>The epochs of a round.</summary>
    public static int Epochs(int round, TrainingOptions options) => round == 0 ? options.WarmupEpochs : options.Epochs;

    /// <summary>The epochs trained in the whole run.</summary>
    public int EpochsSoFar(TrainingOptions options) =>
        (Round == 0 ? 0 : options.WarmupEpochs + ((Round - 1) * options.Epochs)) + Epoch - 1;

    /// <summary>The share of the round's epochs already trained, times their number.</summary>
    public double EpochsInRound(int stepsPerEpoch) => Epoch - 1 + ((double)Step / stepsPerEpoch);
}
