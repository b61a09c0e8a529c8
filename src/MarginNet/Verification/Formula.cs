using System.Globalization;
using System.Runtime.InteropServices;

namespace MarginNet.Verification;

/// <summary>Formulas of a property as alternatives of comparisons that hold together: its disjunctive normal form.</summary>
/// <param name="declared">The variables that there are.</param>
internal sealed class Formula(IReadOnlySet<Variable> declared)
{
    /// <summary>The most alternatives.</summary>
    public const int MostCases = 10_000;

    private const int MostComparisons = 1 << 22; // In all alternatives of one formula together.

    /// <summary>The alternatives of a formula.</summary>
    /// <exception cref="InvalidDataException">It is of no such kind, or has too many.</exception>
    public List<Comparison[]> Cases(Expression formula) => formula.Head switch
    {
        "and" => All([.. MemoryMarshal.ToEnumerable(Parts(formula)).Select(Cases)], formula),
        "or" => Any(MemoryMarshal.ToEnumerable(Parts(formula)).Select(Cases), formula),
        "<=" or "<" => [Compare(formula, 0, 1)],
        ">=" or ">" => [Compare(formula, 1, 0)],
        "=" => [[.. Compare(formula, 0, 1), .. Compare(formula, 1, 0)]],
        _ => throw formula.Refusal($"'{formula}' is not known here: expected and, or, <=, >=, < or >."),
    };

    /// <summary>The alternatives of formulas that all hold.</summary>
    public static List<Comparison[]> All(IReadOnlyList<List<Comparison[]>> parts, Expression source)
    {
        Comparison[] common = [.. parts.Where(part => part.Count == 1).SelectMany(part => part[0])];
        List<Comparison[]> cases = [common];
        foreach (var part in parts.Where(part => part.Count != 1))
        {
            ThrowIfTooMany((long)cases.Count * part.Count, (cases.Max(each => each.Length) + part.Max(each => each.Length)), source);
            cases = [.. cases.SelectMany(_ => part, (first, second) => (Comparison[])[.. first, .. second])];
        }

        return cases;
    }

    private static List<Comparison[]> Any(IEnumerable<List<Comparison[]>> parts, Expression source)
    {
        var (cases, length) = (new List<Comparison[]>(), 0L);
        foreach (var each in parts.SelectMany(part => part))
        {
            cases.Add(each);
            length += each.Length;
            ThrowIfTooMany(cases.Count, length / cases.Count, source);
        }

        return cases;
    }

    private static void ThrowIfTooMany(long cases, long length, Expression source)
    {
        if (cases > MostCases || cases * length > MostComparisons)
        {
            throw source.Refusal($"its 'or's make {cases} alternatives of {length} comparisons: " +
                $"expected at most {MostCases}, and {MostComparisons} comparisons; split the property into several files.");
        }
    }

    private static ReadOnlyMemory<Expression> Parts(Expression formula) => formula.Items.Length > 1 ? formula.Items.AsMemory()[1..]
        : throw formula.Refusal($"'({formula.Head})' has nothing in it.");

    /// <summary>The comparison of two terms, the first at most the second.</summary>
    private Comparison[] Compare(Expression formula, int first, int second)
    {
        if (formula.Arguments.Length != 2)
        {
            throw formula.Refusal($"'{formula.Head}' compares {formula.Arguments.Length} terms: expected two.");
        }

        var form = Term(formula.Arguments[first]).Plus(Term(formula.Arguments[second]), -1);
        if (!double.IsFinite(form.Constant) || !form.Coefficients.Values.All(double.IsFinite))
        {
            throw formula.Refusal("its numbers overflow: expected sums that are finite.");
        }

        var inputs = form.Coefficients.Keys.Count(variable => variable.IsInput);
        return (inputs, form.Coefficients.Count - inputs) switch
        {
            (0, 0) => throw formula.Refusal("it compares numbers alone: expected an input X_i or an output Y_i."),
            (0, _) => [new OutputRow(formula, form)],
            (1, 0) => [Bound(formula, form)],
            (_, 0) => throw formula.Refusal("it compares inputs with each other, but they are to be in a box: bound each by numbers."),
            _ => throw formula.Refusal(
                "it compares inputs with outputs, which is not known here: expected comparisons of inputs with numbers, or of outputs."),
        };
    }

    private static InputBound Bound(Expression formula, LinearForm form)
    {
        var (variable, factor) = form.Coefficients.First();
        var bound = -form.Constant / factor;
        return Math.FusedMultiplyAdd(bound, factor, form.Constant) == 0
            ? new(formula, variable.Index, factor > 0, bound)
            : throw formula.Refusal($"its bound of {variable} is no double precisely: write it as (<= {variable} number).");
    }

    private LinearForm Term(Expression term) => term switch
    {
        { Word: { } word } => Variable.Parse(word) is { } variable ? declared.Contains(variable) ? LinearForm.Of(variable)
            : throw term.Refusal($"{variable} is not declared: add (declare-const {variable} Real) before it.")
            : LinearForm.Of(Number(term, word)),
        { Head: "+", Items.Length: > 1 } => LinearForm.Sum(MemoryMarshal.ToEnumerable(term.Items.AsMemory()[1..]).Select(Term)),
        { Head: "-", Items.Length: 2 } => Term(term.Items[1]).Times(-1),
        { Head: "-", Items.Length: > 2 } => Term(term.Items[1]).Plus(
            LinearForm.Sum(MemoryMarshal.ToEnumerable(term.Items.AsMemory()[2..]).Select(Term)), -1),
        { Head: "*", Items.Length: > 1 } => MemoryMarshal.ToEnumerable(term.Items.AsMemory()[1..]).Select(Term).Aggregate((a, b) =>
            a.IsConstant ? b.Times(a.Constant) : b.IsConstant ? a.Times(b.Constant)
                : throw term.Refusal("it multiplies variables, which is not linear: expected a number times a variable.")),
        _ => throw term.Refusal($"'{term}' is not known here: expected a number, X_i, Y_i, +, - or *."),
    };

    private static double Number(Expression term, string word)
    {
        if (!(char.IsAsciiDigit(word[0]) || word[0] is '-' or '+' or '.')
            || !double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw term.Refusal($"'{term}' is not known here: expected a number, X_i or Y_i.");
        }

        return double.IsFinite(value) ? value : throw term.Refusal($"the number '{term}' is not finite.");
    }
}
