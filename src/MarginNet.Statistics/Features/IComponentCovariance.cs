namespace MarginNet.Features;

/// <summary>The covariance Σ of a component, as its density needs it.</summary>
internal interface IComponentCovariance
{
    /// <summary>log det Σ.</summary>
    double LogDeterminant { get; }

    /// <summary>Computes (x − m)ᵀ Σ⁻¹ (x − m).</summary>
    /// <param name="x">Shape [D].</param>
    /// <param name="mean">m, shape [D].</param>
    /// <param name="buffer">Room for D numbers.</param>
    double SquaredDistance(ReadOnlySpan<double> x, ReadOnlySpan<double> mean, Span<double> buffer);

    /// <summary>Computes the trace of Σ⁻¹.</summary>
    double TraceOfInverse();
}
