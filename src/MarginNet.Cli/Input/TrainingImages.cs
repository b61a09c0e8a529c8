using MarginNet.Cli.Commands;
using MarginNet.Data;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Input;

/// <summary>Which of the training images of a data set a model was trained on, and which it kept out.</summary>
internal static class TrainingImages
{
    /// <summary>The share that training kept out for calibration; 0 for none.</summary>
    public static double HeldOutShare(MarginModel model) =>
        model.Training.GetValueOrDefault(TrainingSettings.HeldOutShare) is double share and > 0 and < 1
            && model.Training.GetValueOrDefault("seed") is long
            ? share
            : 0;

    /// <summary>The images that training kept out, or the others; null where these are not the images that it parted.</summary>
    public static ImageSet? Part(MarginModel model, ImageSet images, bool isHeldOut)
    {
        if (HeldOutShare(model) is not (> 0 and var share))
        {
            return isHeldOut ? null : images;
        }

        if (model.Training.ContainsKey(TrainingSettings.OtherLabels))
        {
            return null;
        }

        var split = StratifiedSplit.Compute(images.Labels, share, (int)(long)model.Training["seed"]!);
        return model.Training.GetValueOrDefault("held_out_count") is long count && count == split.HeldOut.Length
            ? images.Select((isHeldOut ? split.HeldOut : split.Rest).AsSpan())
            : null;
    }
}
