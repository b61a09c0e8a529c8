using System.Collections.Immutable;

namespace MarginNet.Training;

/// <summary>How the dual weight λ of one sample changes after a round of training, step 3 of section III.</summary>
public sealed class DualUpdate
{
    private readonly Func<double, double, double, double> _next; // (λ, margin, μ) → λ

    private DualUpdate(string name, double step, Func<double, double, double, double> next) => (Name, Step, _next) = (name, step, next);

    /// <summary>The names that <see cref="Create"/> takes, the default first.</summary>
    public static ImmutableArray<string> Names { get; } = ["multiply", "multiply-divide", "add", "ascend"];

    /// <summary>The name used on the command line and in model files.</summary>
    public string Name { get; }

    /// <summary>The factor δ of a multiplicative update, the amount of an additive one, or the rate η of an ascent.</summary>
    public double Step { get; }

    /// <summary>λ ← δλ where the constraint is violated: the paper's step 3.</summary>
    /// <param name="factor">δ > 1. Default 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">δ is not a finite number above 1.</exception>
    public static DualUpdate Multiply(double factor = 2) =>
        new("multiply", AboveOne(factor), (weight, margin, target) => margin < target ? weight * factor : weight);

    /// <summary>λ ← δλ where the constraint is violated, λ ← λ/δ where it is met.</summary>
    /// <param name="factor">δ > 1. Default 2.</param>
    /// <exception cref="ArgumentOutOfRangeException">δ is not a finite number above 1.</exception>
    public static DualUpdate MultiplyOrDivide(double factor = 2) =>
        new("multiply-divide", AboveOne(factor), (weight, margin, target) => margin < target ? weight * factor : weight / factor);

    /// <summary>λ ← λ + a where the constraint is violated.</summary>
    /// <param name="amount">a > 0. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">a is not a finite number above 0.</exception>
    public static DualUpdate Add(double amount = 1) =>
        new("add", Positive(amount), (weight, margin, target) => margin < target ? weight + amount : weight);

    /// <summary>λ ← max(0, λ + η(μ − margin)): projected gradient ascent on the dual, in proportion to the violation.</summary>
    /// <param name="rate">η > 0. Default 0.01.</param>
    /// <exception cref="ArgumentOutOfRangeException">η is not a finite number above 0.</exception>
    public static DualUpdate Ascend(double rate = 0.01) =>
        new("ascend", Positive(rate), (weight, margin, target) => Math.Max(0, weight + (rate * (target - margin))));

    /// <summary>Makes the update of a name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="step">Its δ, a or η; null for the default.</param>
    /// <exception cref="ArgumentException">There is no such update, or the step is outside its range.</exception>
    public static DualUpdate Create(string name, double? step = null) => name switch
    {
        "multiply" => Multiply(step ?? 2),
        "multiply-divide" => MultiplyOrDivide(step ?? 2),
        "add" => Add(step ?? 1),
        "ascend" => Ascend(step ?? 0.01),
        _ => throw new ArgumentException($"There is no dual update '{name}': choose one of {string.Join(", ", Names)}.", nameof(name)),
    };

    /// <summary>Computes the next λ.</summary>
    /// <param name="weight">The present λ ≥ 0.</param>
    /// <param name="margin">The sample's labelled margin after the round.</param>
    /// <param name="targetMargin">The margin μ prescribed for it; the constraint is met where margin ≥ μ.</param>
    /// <returns>The next λ ≥ 0.</returns>
    public double Apply(double weight, double margin, double targetMargin) => _next(weight, margin, targetMargin);

    private static double AboveOne(double factor) => factor > 1 && double.IsFinite(factor)
        ? factor
        : throw new ArgumentOutOfRangeException(nameof(factor), factor, "The factor δ of a multiplicative dual update must be above 1.");

    private static double Positive(double amount) => amount > 0 && double.IsFinite(amount)
        ? amount
        : throw new ArgumentOutOfRangeException(nameof(amount), amount, "The step of an additive dual update must be above 0.");
}
