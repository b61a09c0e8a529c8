namespace MarginNet.Serving;

/// <summary>How a service judges, by the section <c>MarginNet</c> of its configuration or by code.</summary>
public sealed class MarginNetOptions
{
    internal const string Section = "MarginNet";

    /// <summary>The model file, required: an ONNX model that <c>marginnet calibrate --model x.onnx</c> has calibrated, which writes
    /// <c>x.onnx.margins.json</c> beside it. What it may be otherwise is up to another <see cref="IModelLoader"/>.</summary>
    public string Model { get; set; } = "";

    /// <summary>The name of each class. Default none: those in the file where <c>marginnet export</c> wrote it, else numbers
    /// from 0.</summary>
    public IList<string> ClassNames { get; } = [];

    /// <summary>Which output of the model has the scores. Default null: the one that was calibrated.</summary>
    public string? Output { get; set; }

    /// <summary>The share of right decisions that may be flagged, in (0, 1). Default null: the rule that the calibration holds, else
    /// 0.05.</summary>
    public double? Alpha { get; set; }

    /// <summary>The most images that are scored at once, from 1. Default 32.</summary>
    public int MaxBatchSize { get; set; } = 32;

    /// <summary>How long the first image of a batch waits for others, at most a minute. Default 0: a batch is what came while the last one
    /// was scored, so that an idle service answers at once.</summary>
    public TimeSpan MaxWait { get; set; }

    /// <summary>The most images that wait; more are refused by a <see cref="GuardBusyException"/>. From 1; default 1024.</summary>
    public int QueueLimit { get; set; } = 1024;

    /// <summary>Batches that are scored at the same time, at least 0. Default 0: one for each core.</summary>
    public int ConcurrentBatches { get; set; }

    /// <summary>Threads that score, shared by all batches, at least 0. Default 0: one for each core.</summary>
    public int Threads { get; set; }

    /// <summary>How often the model file and its calibration are looked at for changes. They are loaded anew when they have been the same
    /// at two looks. Default 2 seconds; 0 never looks.</summary>
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The probability of a false drift alarm in each window, in (0, 1). Default 0.01; 0 watches for none.</summary>
    public double DriftAlpha { get; set; } = 0.01;

    /// <summary>
    /// Decisions W in a window of the watch for drift, from 10. The first W p-values since the model was loaded are what every later
    /// window of W is compared with, by a test martingale over their ranks. Default 10,000, which takes 240 kB.
    /// </summary>
    public int DriftWindow { get; set; } = 10_000;
}
