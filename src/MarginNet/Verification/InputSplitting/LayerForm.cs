namespace MarginNet.Verification;

/// <summary>What is known in a cell of one layer's values, before its gates, and the lines under and over those.</summary>
/// <param name="layer">The layer.</param>
/// <param name="inputs">The network's inputs.</param>
/// <param name="stride">The length of a padded row.</param>
internal sealed class LayerForm(DenseLayer layer, int inputs, int stride)
{
    /// <summary>Lower ends, shape [stride].</summary>
    public double[] Lower { get; } = new double[stride];

    /// <summary>Upper ends.</summary>
    public double[] Upper { get; } = new double[stride];

    /// <summary>The slopes of the lines below.</summary>
    public double[] LowerSlope { get; } = new double[stride];

    /// <summary>The slopes of the lines above.</summary>
    public double[] Slope { get; } = new double[stride];

    /// <summary>The heights of the lines above at 0, rounded up; 0 where the gate is decided.</summary>
    public double[] Offset { get; } = new double[stride];

    /// <summary>How far a value may be off in each computation of it from what it takes.</summary>
    public double[] Noise { get; } = new double[stride];

    /// <summary>What it is of the inputs' generators, shape [inputs, stride].</summary>
    public double[] InputPart { get; } = new double[inputs * stride];

    /// <summary>The places of the numbers that it takes which are not 0 throughout.</summary>
    public int[] Places { get; } = new int[layer.Inputs];

    /// <summary>How many those are.</summary>
    public int Taken { get; set; }

    /// <summary>The same places.</summary>
    public ReadOnlySpan<int> Inputs => Places.AsSpan(0, Taken);

    /// <summary>How many gates are undecided.</summary>
    public int Undecided { get; set; }

    /// <summary>Whether a gate may be open and may be closed, and that makes a difference.</summary>
    public bool IsUndecided(int k) => Offset[k] != 0;

    /// <summary>Sets the lines of a gate.</summary>
    /// <param name="k">Which.</param>
    /// <param name="lower">The lower end of its input.</param>
    /// <param name="upper">The upper end.</param>
    public void Set(int k, double lower, double upper)
    {
        var closed = layer.Closed;
        if (upper <= 0 || lower >= 0 || closed == 1)
        {
            LowerSlope[k] = Slope[k] = lower >= 0 ? 1 : closed;
            Offset[k] = 0;
            return;
        }

        // Any slope between is sound with what it needs at both ends.
        var slope = Math.Clamp((upper - (closed * lower)) / (upper - lower), closed, 1);
        Slope[k] = slope;
        Offset[k] = (Math.Max(upper * (1 - slope), lower * (closed - slope)) * (1 + 1e-14)) + 1e-290;
        LowerSlope[k] = upper > -lower ? 1 : closed;
    }
}
