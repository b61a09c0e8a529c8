using MarginNet.Attacks;

namespace MarginNet.Certificates;

/// <summary>What is to be certified of each sample, and how.</summary>
public sealed record CertificateOptions
{
    /// <summary>How distances are measured. Default <see cref="AttackNorm.L2"/>.</summary>
    public AttackNorm Norm { get; init; } = AttackNorm.L2;

    /// <summary>How it is proven. Default <see cref="CertificateMethod.Crown"/>.</summary>
    public CertificateMethod Method { get; init; } = CertificateMethod.Crown;

    /// <summary>Whether only images count, whose pixels are in [0, 1]; else every point of the ball. Default true.</summary>
    public bool IsCut { get; init; } = true;

    /// <summary>Radii are searched for among numbers that are by this share apart; above 0, at most 1. Default 0.01.</summary>
    public double Precision { get; init; } = 0.01;

    /// <summary>How long one sample may take, all methods together; above 0. What is proven by then counts: a bound that is not finished
    /// does not. Default infinite, but <see cref="DefaultTimeLimit"/> in branch and bound.</summary>
    public TimeSpan TimeLimit { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>The most samples that are bounded at once, at least 1. Default 64; fewer where <see cref="Memory"/> asks for it.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Bytes that bounds may take beside the network, roughly: batches are made as small as this needs, and halved where memory
    /// runs out nevertheless. Default 1 GiB.</summary>
    public long Memory { get; init; } = 1L << 30;

    /// <summary>The time limit of branch and bound where none is given: 30 seconds.</summary>
    public static TimeSpan DefaultTimeLimit { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The seconds that a sample may take.</summary>
    internal double Seconds => TimeLimit != Timeout.InfiniteTimeSpan ? TimeLimit.TotalSeconds
        : Method >= CertificateMethod.Complete ? DefaultTimeLimit.TotalSeconds : double.PositiveInfinity;

    /// <summary>The methods, in their order.</summary>
    internal CertificateSource[] Sources => Method switch
    {
        CertificateMethod.Interval => [CertificateSource.Interval],
        CertificateMethod.CrownIbp => [CertificateSource.CrownIbp],
        CertificateMethod.FastLin => [CertificateSource.FastLin],
        CertificateMethod.FastLip => [CertificateSource.FastLip],
        CertificateMethod.Crown => [CertificateSource.Crown],
        CertificateMethod.AlphaCrown => [CertificateSource.Crown, CertificateSource.AlphaCrown],
        CertificateMethod.Complete => [CertificateSource.Crown, CertificateSource.AlphaCrown, CertificateSource.Complete],
        _ => [CertificateSource.Interval, CertificateSource.CrownIbp, CertificateSource.FastLin, CertificateSource.Crown,
            CertificateSource.AlphaCrown, CertificateSource.Complete],
    };

    internal void ThrowIfInvalid()
    {
        if (!(Precision is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Precision), Precision, "Expected a share above 0, at most 1.");
        }

        if (TimeLimit <= TimeSpan.Zero && TimeLimit != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(nameof(TimeLimit), TimeLimit, "Expected a time above 0.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Memory, 1);
    }
}
