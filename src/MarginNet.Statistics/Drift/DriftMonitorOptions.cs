namespace MarginNet.Drift;

/// <summary>How a stream is watched.</summary>
public sealed record DriftMonitorOptions
{
    /// <summary>The martingale. Default <see cref="MartingaleKind.Mean"/>.</summary>
    public MartingaleKind Martingale { get; init; }

    /// <summary>ε of <see cref="MartingaleKind.Power"/>, in (0, 1]. Default 0.5; the others do not use it.</summary>
    public double Exponent { get; init; } = 0.5;

    /// <summary>J of the simple jumper, alone or in the mean, in [0, 1]. Default 0.01.</summary>
    public double JumpRate { get; init; } = SimpleJumper.DefaultJumpRate;

    /// <summary>What is compared with the threshold. Default <see cref="AlarmProcedure.Ville"/>.</summary>
    public AlarmProcedure Procedure { get; init; }

    /// <summary>The threshold c, above 1: 1/α of <see cref="AlarmProcedure.Ville"/>, the average run length of the others. Default
    /// 100.</summary>
    public double Threshold { get; init; } = 100;

    /// <summary>How numbers become p-values. Default <see cref="RankKind.Online"/>.</summary>
    public RankKind Ranks { get; init; }

    /// <summary>Which p-values count as small. Default <see cref="DriftTail.Lower"/>.</summary>
    public DriftTail Tail { get; init; }

    /// <summary>What draws the place among ties. Default 0.</summary>
    public int Seed { get; init; }

    internal TestMartingale CreateMartingale() => Martingale switch
    {
        MartingaleKind.Mean => new MeanMartingale(new SimpleJumper(JumpRate), new PowerMixture()),
        MartingaleKind.SimpleJumper => new SimpleJumper(JumpRate),
        MartingaleKind.PowerMixture => new PowerMixture(),
        MartingaleKind.Power => new PowerMartingale(Exponent),
        _ => throw new ArgumentOutOfRangeException(nameof(Martingale), Martingale, "Expected a defined martingale."),
    };
}
