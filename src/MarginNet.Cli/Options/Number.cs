using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace MarginNet.Cli.Options;

/// <summary>
/// Options that are numbers: written in the invariant culture, finite, and within their range. One that need not be whole may be a
/// ratio of two, such as 8/255.
/// </summary>
internal static class Number
{
    /// <summary>An option of at least 1 with a default, such as a count.</summary>
    public static Option<int> Count(string name, string description, int byDefault, int most = int.MaxValue) => Create(
        name,
        description,
        byDefault,
        value => value >= 1 && value <= most,
        most == int.MaxValue ? "a whole number, at least 1" : string.Create(CultureInfo.InvariantCulture, $"a whole number, 1 to {most}"));

    /// <summary>An option of at least 0 with a default, where 0 turns a feature off.</summary>
    public static Option<int> CountOrNone(string name, string description, int byDefault) =>
        Create(name, description, byDefault, value => value >= 0, "a whole number, at least 0");

    /// <summary>A number above 0 with a default.</summary>
    public static Option<double> Positive(string name, string description, double byDefault) =>
        Create(name, description, byDefault, value => value > 0, "a number above 0");

    /// <summary>A number of at least 0 with a default.</summary>
    public static Option<double> NotNegative(string name, string description, double byDefault) =>
        Create(name, description, byDefault, value => value >= 0, "a number, at least 0");

    /// <summary>A number strictly between 0 and 1 with a default.</summary>
    public static Option<double> Fraction(string name, string description, double byDefault) =>
        Create(name, description, byDefault, value => value is > 0 and < 1, "a number between 0 and 1");

    /// <summary>An option that is absent unless given, and then in range.</summary>
    public static Option<T?> Optional<T>(string name, string description, Predicate<T> isInRange, string expected)
        where T : struct, INumber<T> =>
        new(name) { Description = description, CustomParser = result => Parse(name, result, isInRange, expected) };

    private static Option<T> Create<T>(string name, string description, T byDefault, Predicate<T> isInRange, string expected)
        where T : struct, INumber<T> =>
        new(name)
        {
            Description = description,
            DefaultValueFactory = _ => byDefault,
            CustomParser = result => Parse(name, result, isInRange, expected),
        };

    private static T Parse<T>(string name, System.CommandLine.Parsing.ArgumentResult result, Predicate<T> isInRange, string expected)
        where T : struct, INumber<T>
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (TryParse<T>(text, out var value) && T.IsFinite(value) && isInRange(value))
        {
            return value;
        }

        result.AddError($"{name} is '{text}': expected {expected}.");
        return default;
    }

    /// <summary>Reads a number as written above, or for one that need not be whole a ratio such as 8/255.</summary>
    public static bool TryParse<T>(ReadOnlySpan<char> text, out T value)
        where T : struct, INumber<T>
    {
        const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        var slash = typeof(T) == typeof(double) ? text.IndexOf('/') : -1;
        if (slash < 0)
        {
            return T.TryParse(text, Plain, CultureInfo.InvariantCulture, out value);
        }

        value = default;
        var areNumbers = T.TryParse(text[..slash], Plain, CultureInfo.InvariantCulture, out var above)
            & T.TryParse(text[(slash + 1)..], Plain, CultureInfo.InvariantCulture, out var below);
        value = areNumbers ? above / below : value; // x/0 is not finite, and refused as such.
        return areNumbers;
    }
}
