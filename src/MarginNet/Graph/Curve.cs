namespace MarginNet.Graph;

/// <summary>A function of one number, as far as bounds need to know it.</summary>
internal abstract record Curve
{
    /// <summary>Lines under and over it.</summary>
    /// <param name="x">Where the number is, each [N, …].</param>
    /// <param name="rule">The slope of the line below where <paramref name="share"/> does not tell it.</param>
    /// <param name="share">
    /// Where between the least and the largest slope those of the lines below are, in [0, 1], shape [N, …] or [R, N, …]; any is sound.
    /// </param>
    public abstract Lines Lines(Interval x, SlopeRule rule, TorchSharp.torch.Tensor? share);

    /// <summary>The same with other slopes below than those of lines at hand.</summary>
    /// <param name="lines">Lines for <paramref name="x"/>.</param>
    /// <param name="x">Where the number is.</param>
    /// <param name="share">As in <see cref="Lines"/>.</param>
    public virtual Lines WithShare(Lines lines, Interval x, TorchSharp.torch.Tensor share) => Lines(x, SlopeRule.Adaptive, share);

    /// <summary>Where its value is.</summary>
    public abstract Interval Range(Interval x);

    /// <summary>Where its derivative, or a difference quotient, is.</summary>
    public abstract Interval Slopes(Interval x);

    /// <summary>Which numbers it is not linear at, and bounds of them would help; shape [N, …], of booleans.</summary>
    public abstract TorchSharp.torch.Tensor IsUndecided(Interval x);

    /// <summary>The unit roundoff of a type, or more.</summary>
    protected static double Unit(TorchSharp.torch.ScalarType type) => type == TorchSharp.torch.ScalarType.Float32 ? 6e-8 : 1.2e-16;
}
