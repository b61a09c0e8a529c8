using MarginNet.Detection;

namespace MarginNet.Certificates;

/// <summary>The share of samples that are classified rightly and certified to stay so within a distance.</summary>
public static class CertifiedAccuracy
{
    /// <summary>Counts the samples whose decision is their label and whose certificate holds at ε.</summary>
    /// <param name="radii">The certified radii, length N.</param>
    /// <param name="labels">True classes, length N.</param>
    /// <param name="epsilon">The distance ε in the norm of the certificates, at least 0; at 0 the samples are those rightly classified
    /// that have a certificate at all.</param>
    /// <exception cref="ArgumentException">There is not one label for each radius.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is negative or NaN.</exception>
    public static Proportion Compute(ReadOnlySpan<CertifiedRadius> radii, ReadOnlySpan<int> labels, double epsilon)
    {
        if (labels.Length != radii.Length)
        {
            throw new ArgumentException($"Expected {radii.Length} labels, one for each radius, but got {labels.Length}.", nameof(labels));
        }

        if (!(epsilon >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "Expected a distance of at least 0.");
        }

        var count = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            count += radii[i].PredictedClass == labels[i] && radii[i].Holds(epsilon) ? 1 : 0;
        }

        return new(count, labels.Length);
    }
}
