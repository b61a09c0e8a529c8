using System.Collections.Immutable;

namespace MarginNet.Training;

/// <summary>
/// What a training run reports while it goes on: a <see cref="StepProgress"/>, <see cref="EpochProgress"/> or <see cref="RoundProgress"/>;
/// with <see cref="TrainingCheckpoints"/> also a <see cref="RestoredProgress"/> or <see cref="TrainingWarning"/>.
/// </summary>
/// <param name="Round">The round of the outer loop, from 1; 0 is the warm-up with cross-entropy.</param>
public abstract record TrainingProgress(int Round);

/// <summary>A step was taken. Figures are means over the epoch so far, seen in training mode while the weights move.</summary>
/// <param name="Round">The round, from 1; 0 is the warm-up.</param>
/// <param name="Epoch">The epoch in this round, from 1.</param>
/// <param name="Steps">Steps taken in the whole run, this one included.</param>
/// <param name="TotalSteps">Steps of the whole run if no round is spared.</param>
/// <param name="Samples">Training samples seen in the whole run.</param>
/// <param name="Loss">The mean loss, λ included.</param>
/// <param name="Accuracy">The share classified rightly, in [0, 1].</param>
/// <param name="ConstraintsMet">The share whose margin is at least μ, in [0, 1].</param>
public sealed record StepProgress(
    int Round, int Epoch, long Steps, long TotalSteps, long Samples, double Loss, double Accuracy, double ConstraintsMet)
    : TrainingProgress(Round);

/// <summary>An epoch ended. Training figures are means over the epoch, seen in training mode while the weights moved.</summary>
/// <param name="Round">The round, from 1; 0 is the warm-up.</param>
/// <param name="Epoch">The epoch in this round, from 1.</param>
/// <param name="LearningRate">The rate of the last step.</param>
/// <param name="TargetMargin">The largest margin asked for in the last step, where a ramp is on its way.</param>
/// <param name="Loss">The mean loss, λ included.</param>
/// <param name="Accuracy">The share of training samples classified rightly, in [0, 1].</param>
/// <param name="ConstraintsMet">The share of training samples whose margin is at least μ, in [0, 1].</param>
/// <param name="TestAccuracy">The share of test samples classified rightly in evaluation mode; null without a test set.</param>
public sealed record EpochProgress(
    int Round, int Epoch, double LearningRate, double TargetMargin, double Loss, double Accuracy, double ConstraintsMet,
    double? TestAccuracy)
    : TrainingProgress(Round);

/// <summary>A round ended, and its constraints were checked in evaluation mode on the training set as it is.</summary>
/// <param name="Round">The round, from 1.</param>
/// <param name="Constraints">Which constraints are met, with the λ the round was trained with.</param>
public sealed record RoundProgress(int Round, ConstraintReport Constraints) : TrainingProgress(Round);

/// <summary>The run goes on from a kept state, after a resume or a rollback: what was reported of later steps counts no more.</summary>
/// <param name="Round">The round, from 1; 0 is the warm-up.</param>
/// <param name="Epoch">The epoch in this round, from 1.</param>
/// <param name="Steps">Steps taken in the whole run up to that state.</param>
/// <param name="History">The epochs up to that state.</param>
/// <param name="Rounds">The rounds up to that state.</param>
public sealed record RestoredProgress(
    int Round, int Epoch, long Steps, ImmutableArray<EpochProgress> History, ImmutableArray<RoundSummary> Rounds)
    : TrainingProgress(Round);

/// <summary>A round of an earlier part of a resumed run.</summary>
/// <param name="Round">The round, from 1.</param>
/// <param name="Constraints">The number of constraints.</param>
/// <param name="Met">The number of those that were met.</param>
public sealed record RoundSummary(int Round, int Constraints, int Met);

/// <summary>Something happened that the run survives and its user should know.</summary>
/// <param name="Round">The round, from 1; 0 is the warm-up.</param>
/// <param name="Message">What happened, in one line.</param>
public sealed record TrainingWarning(int Round, string Message) : TrainingProgress(Round);
