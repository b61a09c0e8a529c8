using System.Globalization;

namespace MarginNet.Tests.Verification;

/// <summary>A formula of VNN-LIB, and what it says of inputs and outputs, both of whose numbers are eighths.</summary>
internal sealed record RandomFormula(string Text, Func<double[], double[], bool> Holds)
{
    /// <summary>Draws a formula of comparisons, and, or, nested so deep.</summary>
    public static RandomFormula Draw(Random random, int inputs, int outputs, int depth)
    {
        if (depth == 0 || random.Next(4) == 0)
        {
            return random.Next(3) == 0 ? Bound(random, inputs) : Row(random, outputs);
        }

        var isAnd = random.Next(2) == 0;
        RandomFormula[] parts = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Draw(random, inputs, outputs, depth - 1))];
        return new(
            $"({(isAnd ? "and" : "or")} {string.Join(' ', parts.Select(part => part.Text))})",
            (x, y) => isAnd ? Array.TrueForAll(parts, part => part.Holds(x, y)) : Array.Exists(parts, part => part.Holds(x, y)));
    }

    /// <summary>An eighth in [-1, 1].</summary>
    public static double Eighth(Random random) => random.Next(-8, 9) / 8.0;

    private static RandomFormula Bound(Random random, int inputs)
    {
        var (i, value) = (random.Next(inputs), Eighth(random));
        return random.Next(4) switch
        {
            0 => new($"(<= X_{i} {Number(value)})", (x, _) => x[i] <= value),
            1 => new($"(> X_{i} {Number(value)})", (x, _) => x[i] >= value),
            2 => new($"(>= {Number(value)} X_{i})", (x, _) => x[i] <= value),
            _ => new($"(< (- {Number(value)}) (* -2 X_{i} 0.5))", (x, _) => -value <= -x[i]),
        };
    }

    private static RandomFormula Row(Random random, int outputs)
    {
        var (i, j, a, b) = (random.Next(outputs), random.Next(outputs), random.Next(1, 4), Eighth(random));
        return random.Next(4) switch
        {
            0 => new($"(<= Y_{i} {Number(b)})", (_, y) => y[i] <= b),
            1 => new($"(>= (* {a} Y_{i}) (+ {Number(b)} (* 4 Y_{j}) 0.25))", (_, y) => a * y[i] >= b + (4 * y[j]) + 0.25),
            2 => new($"(< (- (+ Y_{i} Y_{j}) {Number(b)} 0.5) 1e-0)", (_, y) => y[i] + y[j] - b - 0.5 <= 1),
            _ => new($"(> (- Y_{i}) (* (+ {a} 1) (- Y_{j} {Number(b)})))", (_, y) => -y[i] >= (a + 1) * (y[j] - b)),
        };
    }

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
