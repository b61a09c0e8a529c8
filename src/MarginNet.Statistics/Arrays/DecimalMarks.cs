namespace MarginNet.Arrays;

/// <summary>What stands between a number and its decimals.</summary>
[Flags]
internal enum DecimalMarks
{
    None = 0,
    Point = 1,
    Comma = 2,
    Either = Point | Comma,
}
