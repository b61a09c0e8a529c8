using MathNet.Numerics;
using MathNet.Numerics.RootFinding;

namespace MarginNet.Backdoors;

/// <summary>A Gamma distribution G of density x^(k − 1) e^(−x/θ) / (Γ(k) θ^k), x > 0.</summary>
/// <param name="Shape">k, above 0.</param>
/// <param name="Scale">θ, above 0, in the unit of the numbers.</param>
public sealed record GammaNull(double Shape, double Scale)
{
    private const double Accuracy = 1e-12; // Of the shape, relative to it.
    private const int MostIterations = 200;

    /// <summary>1 − G(x), the probability of a larger number.</summary>
    /// <param name="value">x.</param>
    public double UpperTail(double value) => value <= 0 ? 1 : SpecialFunctions.GammaUpperRegularized(Shape, value / Scale);

    /// <summary>Fits k and θ by maximum likelihood: ln k − ψ(k) = ln(mean) − mean(ln), and θ = mean/k.</summary>
    /// <param name="values">The numbers, at least two, finite and above 0, not all alike.</param>
    /// <exception cref="ArgumentException">They are not.</exception>
    public static GammaNull Fit(ReadOnlySpan<double> values)
    {
        var numbers = values.ToArray();
        if (numbers.Length < 2 || !Array.TrueForAll(numbers, value => value > 0 && double.IsFinite(value)))
        {
            throw new ArgumentException(
                $"Expected at least two finite numbers above 0, but got {numbers.Length}, the least {numbers.DefaultIfEmpty().Min()}.",
                nameof(values));
        }

        var mean = numbers.Average();
        var excess = Math.Log(mean) - numbers.Average(Math.Log);
        if (excess <= 0)
        {
            throw new ArgumentException($"The {numbers.Length} numbers are all alike ({mean}): no shape fits them best.", nameof(values));
        }

        // 1/(2k) < ln k − ψ(k) < 1/k.
        var (low, high) = (0.5 / excess, 1 / excess);
        var shape = Brent.FindRoot(k => Math.Log(k) - SpecialFunctions.DiGamma(k) - excess, low, high, low * Accuracy, MostIterations);
        return new(shape, mean / shape);
    }
}
