using System.Collections.Immutable;
using MarginNet.Margins;

namespace MarginNet.Training;

/// <summary>What a completed training run found out about the network it trained.</summary>
public sealed record TrainingResult
{
    /// <summary>The margin constraints after the last round.</summary>
    public required ConstraintReport Constraints { get; init; }

    /// <summary>The dual weights λ of the last round.</summary>
    public required DualWeights DualWeights { get; init; }

    /// <summary>The final scores of the training set, in evaluation mode and without augmentation:
    /// what a null model is fitted to.</summary>
    public required ScoreMatrix TrainingScores { get; init; }

    /// <summary>The labelled margin of every sample in every epoch, the warm-up's included;
    /// null unless <see cref="TrainingOptions.RecordMargins"/> asks for it.</summary>
    public MarginRecord? Margins { get; init; }

    /// <summary>The rounds that were needed.</summary>
    public required int Rounds { get; init; }

    /// <summary>Every epoch's figures, in order.</summary>
    public required ImmutableArray<EpochProgress> History { get; init; }
}
