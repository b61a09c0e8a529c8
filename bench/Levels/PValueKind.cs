using MarginNet.PValues;

namespace MarginNet.Levels;

/// <summary>One of the p-values that are compared.</summary>
internal sealed record PValueKind(string Name, Func<Calibration, double, int, double> Compute)
{
    /// <summary>Those that keep their level, or should.</summary>
    public static readonly PValueKind[] All =
    [
        new("class", (own, margin, c) => own.Model.Score(margin, c).Lower),
        new("pooled", (own, margin, c) => own.Model.Score(margin, c, NullKind.Pooled).Lower),
        new("error-weighted", (own, margin, c) => own.Model.Score(margin, c, NullKind.ErrorWeighted).Lower),
        new("empirical", (own, margin, c) => own.Model.Score(margin, c).Empirical),
        new("two-sided", (own, margin, c) => own.Model.Score(margin, c).TwoSided),
    ];

    /// <summary>Other ways to the lower tail of a class.</summary>
    public static readonly PValueKind[] Alternatives =
    [
        new("as it is", (own, margin, c) => own.Model.Score(margin, c).Lower),
        new("the rank alone", (own, margin, c) => own.Model.Score(margin, c).Empirical),
        new(
            "larger of mixture, rank",
            (own, margin, c) => Math.Max(own.Model.Score(margin, c).Empirical, own.Model.Score(margin, c).Mixture)),
        new("held-out mixtures, pooled", (own, margin, c) => own.CrossConformal(margin, c)),
        new("extrapolated", (own, margin, c) => own.Model.Score(margin, c).Extrapolated),
        new("the mixture alone", (own, margin, c) => own.Model.Score(margin, c).Mixture),
    ];
}
