using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Training;

namespace MarginNet.Audit;

/// <summary>A second training, on the labels that a first network decides for: those that it doubts teach the second one nothing,
/// so that its margins tell more of them.</summary>
/// <param name="Train">The samples to train on.</param>
/// <param name="Options">How to train on them: as the first time and in as many steps, by the next seed.</param>
public sealed record SecondPass(ImageSet Train, TrainingOptions Options)
{
    /// <summary>Takes the samples that a first network decides as they are labelled; of a class that it never decides for, all.</summary>
    /// <param name="train">The samples N that it was trained on.</param>
    /// <param name="first">Its scores of them, shape [N, C].</param>
    /// <param name="options">How it was trained.</param>
    /// <exception cref="ArgumentException">There is not one row of scores for each sample.</exception>
    public static SecondPass Of(ImageSet train, ScoreMatrix first, TrainingOptions options)
    {
        var margins = first.LabelledMargins(train.Labels);
        var known = new bool[first.ClassCount];
        for (var i = 0; i < margins.Length; i++)
        {
            known[train.Labels[i]] |= margins[i] > 0;
        }

        int[] kept = [.. Enumerable.Range(0, margins.Length).Where(i => margins[i] > 0 || !known[train.Labels[i]])];
        int AsLong(int epochs) => (int)Math.Round((double)epochs * margins.Length / kept.Length);
        return new(train.Select(kept), options with
        {
            Epochs = AsLong(options.Epochs),
            WarmupEpochs = AsLong(options.WarmupEpochs),
            Seed = unchecked(options.Seed + 1),
            SampleMargins = options.SampleMargins.IsEmpty ? [] : [.. kept.Select(i => options.SampleMargins[i])],
            RecordMargins = false,
            Checkpoints = null,
        });
    }
}
