using System.Collections.Immutable;
using MarginNet.Attacks;
using MarginNet.Certificates;

namespace MarginNet.Cli.Sharding;

/// <summary>Certificates as numbers, which shards keep.</summary>
internal static class CertificateRows
{
    private const int PerRadius = 8;
    private const int PerViolation = 5;

    /// <summary>Eight numbers of each radius.</summary>
    public static double[] Of(CertifiedRadius[] radii) =>
    [
        .. radii.SelectMany(radius => new[]
        {
            radius.PredictedClass, radius.Radius, (double)radius.Source, radius.RadiusBeforeRounding, (double)radius.Norm,
            radius.IsClosed ? 1 : 0, radius.IsCut ? 1 : 0, radius.Seconds,
        }),
    ];

    public static CertifiedRadius[] ToRadii(double[] numbers) =>
    [
        .. numbers.Chunk(PerRadius).Select(row => new CertifiedRadius((int)row[0], row[1], (CertificateSource)row[2])
        {
            RadiusBeforeRounding = row[3],
            Norm = (AttackNorm)row[4],
            IsClosed = row[5] != 0,
            IsCut = row[6] != 0,
            Seconds = row[7],
        }),
    ];

    /// <summary>Five numbers of each violation.</summary>
    /// <param name="violations">Those of a part.</param>
    /// <param name="first">The place of the part's first image.</param>
    public static double[] Of(ImmutableArray<CertificateViolation> violations, int first) =>
    [
        .. violations.SelectMany(violation => new[]
        {
            first + violation.Index, violation.Radius, violation.Distance, violation.PredictedClass, violation.AttackedClass,
        }),
    ];

    public static ImmutableArray<CertificateViolation> ToViolations(double[] numbers) =>
    [
        .. numbers.Chunk(PerViolation).Select(row => new CertificateViolation((int)row[0], row[1], row[2], (int)row[3], (int)row[4])),
    ];
}
