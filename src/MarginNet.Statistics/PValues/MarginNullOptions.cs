namespace MarginNet.PValues;

/// <summary>How a <see cref="MarginNullModel"/> is calibrated.</summary>
public sealed record MarginNullOptions
{
    /// <summary>A class with fewer positive margins than this is scored by the pooled distribution; at least 2. Default 30.</summary>
    public int MinSamples { get; init; } = 30;

    /// <summary>Where the margins come from, recorded in the model. Default <see cref="CalibrationSource.Training"/>.</summary>
    public CalibrationSource Source { get; init; } = CalibrationSource.Training;

    /// <summary>In what the network computed the margins, recorded in the model. Default <see cref="Precision.Float32"/>.</summary>
    public Precision Precision { get; init; }

    /// <summary>Over which views the network averaged its scores, recorded in the model. Default <see cref="TestTimeAveraging.None"/>.</summary>
    public TestTimeAveraging Averaging { get; init; }

    /// <summary>What proved the class-purity radii that are given in the place of margins, recorded in the model; null for margins.
    /// Default null.</summary>
    public RadiusOrigin? Radii { get; init; }

    /// <summary>The most samples drawn to test each mixture, which gives <see cref="ClassNull.FitPValue"/>; 0 leaves the test out.
    /// Default 299.</summary>
    public int FitTestDraws { get; init; } = 299;

    /// <summary>How the mixtures are fitted.</summary>
    public GaussianMixtureOptions Mixture { get; init; } = new();
}
