using System.Globalization;

namespace MarginNet.Verification;

/// <summary>A variable of a property: an input X_i or an output Y_i.</summary>
/// <param name="IsInput">Whether it is an input.</param>
/// <param name="Index">Its number i.</param>
internal readonly record struct Variable(bool IsInput, int Index)
{
    private const int MostDigits = 8;

    /// <summary>Reads a name such as <c>X_12</c>.</summary>
    public static Variable? Parse(string name) =>
        name is ['X' or 'Y', '_', .. { Length: > 0 and <= MostDigits } digits] && digits.All(char.IsAsciiDigit)
            && (digits.Length == 1 || digits[0] != '0')
            ? new(name[0] == 'X', int.Parse(digits, CultureInfo.InvariantCulture))
            : null;

    /// <summary>Its name.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsInput ? 'X' : 'Y')}_{Index}");
}

/// <summary>A sum of variables times numbers, and a number; computed in double.</summary>
/// <param name="Coefficients">The numbers of the variables, none of them 0.</param>
/// <param name="Constant">The number.</param>
internal sealed record LinearForm(SortedDictionary<Variable, double> Coefficients, double Constant)
{
    private static readonly Comparer<Variable> Order = Comparer<Variable>.Create(
        (a, b) => (a.IsInput, a.Index).CompareTo((b.IsInput, b.Index)));

    /// <summary>Whether it has no variables.</summary>
    public bool IsConstant => Coefficients.Count == 0;

    /// <summary>A number.</summary>
    public static LinearForm Of(double constant) => new(new(Order), constant);

    /// <summary>A variable.</summary>
    public static LinearForm Of(Variable variable) => new(new(Order) { [variable] = 1 }, 0);

    /// <summary>This and a multiple of another.</summary>
    public LinearForm Plus(LinearForm other, double factor = 1)
    {
        var sum = new SortedDictionary<Variable, double>(Coefficients, Order);
        AddTo(sum, other, factor);
        return new(sum, Constant + (factor * other.Constant));
    }

    /// <summary>A multiple of it.</summary>
    public LinearForm Times(double factor) => Of(0).Plus(this, factor);

    /// <summary>The sum of many.</summary>
    public static LinearForm Sum(IEnumerable<LinearForm> terms)
    {
        var (sum, constant) = (new SortedDictionary<Variable, double>(Order), 0.0);
        foreach (var term in terms)
        {
            AddTo(sum, term, 1);
            constant += term.Constant;
        }

        return new(sum, constant);
    }

    private static void AddTo(SortedDictionary<Variable, double> sum, LinearForm other, double factor)
    {
        foreach (var (variable, coefficient) in other.Coefficients)
        {
            var total = sum.GetValueOrDefault(variable) + (factor * coefficient);
            if (total == 0)
            {
                sum.Remove(variable);
            }
            else
            {
                sum[variable] = total;
            }
        }
    }
}
