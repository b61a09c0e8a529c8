namespace MarginNet.Levels;

/// <summary>A distribution of margins to draw from.</summary>
internal sealed record Shape(string Name, Func<Random, double> Draw)
{
    public static readonly Shape[] All =
    [
        new("log-normal", random => Math.Exp(Normal(random))),
        new("t, 3 degrees", random => Math.Exp(Student3(random))),
        new("folded normal", random => Math.Abs(Normal(random))),
        new("uniform", random => 1 - random.NextDouble()),
        new("bimodal", random => Math.Exp(random.NextDouble() < 0.3 ? -3 + (0.5 * Normal(random)) : 0.7 * Normal(random))),
        new("hard edge", random => 5 - Math.Log(1 - random.NextDouble())),
        new("rounded", random => Math.Round(Math.Exp(Normal(random)), 1)), // ties, and zeros
    ];

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double Student3(Random random)
    {
        var (a, b, c) = (Normal(random), Normal(random), Normal(random));
        return Normal(random) / Math.Sqrt(((a * a) + (b * b) + (c * c)) / 3);
    }
}
