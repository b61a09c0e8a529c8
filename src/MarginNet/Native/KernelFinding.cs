namespace MarginNet;

/// <summary>How right LibTorch's kernels were on one kind of convolution, on this processor.</summary>
/// <param name="Kind">What was computed, such as <c>convolution</c>.</param>
/// <param name="Error">The largest difference from float64, of the output and its gradients, as a share of the largest number;
/// +∞ where one was NaN. About 1e-6 where all is well.</param>
/// <param name="ErrorWithoutOneDnn">The same with oneDNN switched off; that of <paramref name="Error"/> where it cannot be.</param>
public sealed record KernelFinding(string Kind, double Error, double ErrorWithoutOneDnn)
{
    /// <summary>The largest share that is taken for rounding.</summary>
    public const double Tolerance = 1e-4;

    /// <summary>Whether the kernels are right as LibTorch chooses them.</summary>
    public bool IsRight => Error <= Tolerance;

    /// <summary>Whether they are right without oneDNN.</summary>
    public bool IsRightWithoutOneDnn => ErrorWithoutOneDnn <= Tolerance;
}
