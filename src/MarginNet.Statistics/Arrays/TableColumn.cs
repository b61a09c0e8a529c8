namespace MarginNet.Arrays;

/// <summary>What the fields of one column of a text are, seen row by row.</summary>
/// <param name="mayBeIndex">Whether it may number the rows.</param>
internal sealed class TableColumn(bool mayBeIndex)
{
    private const int Remembered = 1000;

    private readonly HashSet<double>? _values = mayBeIndex ? [] : null;

    /// <summary>The fields that are numbers.</summary>
    public int Numbers { get; private set; }

    /// <summary>The fields that are empty.</summary>
    public int Empties { get; private set; }

    /// <summary>Those that are neither.</summary>
    public int Texts { get; private set; }

    /// <summary>The first number.</summary>
    public double First { get; private set; } = double.NaN;

    /// <summary>Whether every number is its predecessor plus 1.</summary>
    public bool IsCounting { get; private set; } = true;

    /// <summary>Whether every number is whole and at least 0.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Whether, moreover, the first ones differ, as those do that name the rows.</summary>
    public bool IsIdentity { get; private set; } = true;

    /// <summary>Whether every number is written in digits, with or without a sign.</summary>
    public bool IsInDigits { get; private set; } = true;

    /// <summary>Whether every number is written in digits alone, as behind a decimal comma.</summary>
    public bool IsUnsigned { get; private set; } = true;

    /// <summary>Whether a number has a zero before its other digits.</summary>
    public bool HasLeadingZero { get; private set; }

    /// <summary>Whether a number is −0, as before a decimal comma.</summary>
    public bool HasNegativeZero { get; private set; }

    /// <summary>Adds the field of the next row, or of the one before the first.</summary>
    public void Add(ReadOnlySpan<char> field, bool isNumber, double value, bool isBefore = false)
    {
        if (!isNumber)
        {
            Empties += field.IsEmpty ? 1 : 0;
            Texts += field.IsEmpty ? 0 : 1;
            return;
        }

        IsCounting &= Numbers == 0 || value == (isBefore ? First - 1 : First + Numbers);
        First = isBefore || Numbers == 0 ? value : First;
        IsWhole &= value >= 0 && value == Math.Floor(value);
        IsIdentity = IsIdentity && IsWhole && _values is not null && (Numbers >= Remembered || _values.Add(value));
        var digits = field.TrimStart("+-");
        var isInDigits = digits.IndexOfAnyExceptInRange('0', '9') < 0;
        IsInDigits &= isInDigits;
        IsUnsigned &= isInDigits && digits.Length == field.Length;
        HasLeadingZero |= isInDigits && digits.Length > 1 && digits[0] == '0';
        HasNegativeZero |= field is "-0";
        Numbers++;
    }
}
