using System.Globalization;

namespace MarginNet.Arrays;

/// <summary>
/// Numbers as programs and spreadsheets of any country write them: with a point or a comma before the decimals, and marks between
/// groups of three digits.
/// </summary>
internal static class NumberText
{
    private const int Longest = 64;

    /// <summary>The marks that a text is a number with: of 1.5 the point, of 1,5 the comma, of 15 and 1,234 either,
    /// of a name none.</summary>
    public static DecimalMarks MarksOf(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAny('.', ',') < 0)
            return TryParse(text, DecimalMarks.Point, out _) ? DecimalMarks.Either : DecimalMarks.None;

        return (TryParse(text, DecimalMarks.Point, out _) ? DecimalMarks.Point : DecimalMarks.None)
            | (TryParse(text, DecimalMarks.Comma, out _) ? DecimalMarks.Comma : DecimalMarks.None);
    }

    /// <summary>Reads a number with the given decimal mark.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, DecimalMarks mark, out double value)
    {
        if (mark == DecimalMarks.Point && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
            return true;

        Span<char> plain = stackalloc char[Longest];
        value = 0;
        return text.Length <= Longest && ToPlain(text, mark == DecimalMarks.Point ? '.' : ',', plain) is var length and > 0
            && double.TryParse(plain[..length], NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Writes the number as the invariant culture does, and returns its length,
    /// or 0 where its digits are not grouped by three.</summary>
    private static int ToPlain(ReadOnlySpan<char> text, char mark, Span<char> plain)
    {
        var (length, digits, group) = (0, 0, '\0');
        var i = 0;
        if (!text.IsEmpty && text[0] is '+' or '-' or '\u2212') // The last is the minus sign of typography.
            plain[length++] = text[i++] == '+' ? '+' : '-';

        for (; i < text.Length && text[i] != mark && text[i] is not ('e' or 'E'); i++)
        {
            if (char.IsAsciiLetterOrDigit(text[i]))
            {
                plain[length++] = text[i];
                digits++;
            }
            else if (IsGroupMark(text[i])
                && (group == '\0' ? digits is >= 1 and <= 3 && text[i - digits] != '0' : digits == 3 && text[i] == group))
            {
                (group, digits) = (text[i], 0);
            }
            else
            {
                return 0;
            }
        }

        if (group != '\0' && (digits != 3 || text[i..].IndexOfAny('e', 'E') >= 0))
            return 0;

        for (; i < text.Length; i++)
            plain[length++] = text[i] == mark ? '.' : text[i] is '.' or ',' ? ' ' : text[i]; // A space within is no number.

        return length;
    }

    private static bool IsGroupMark(char c) => c is '.' or ',' or '\'' or '\u2019' or '\u00a0' or '\u202f'; // Spaces that do not break.
}
