using System.Globalization;
using System.Text;
using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

/// <summary>Shows a graph of plain values as text, bit for bit, as Fixtures/show.py does.</summary>
internal static class Shown
{
    public static string Text(object? value) => value switch
    {
        null => "null",
        true => "true",
        false => "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => $"double {BitConverter.DoubleToInt64Bits(number):x16}",
        string text => $"\"{text}\"",
        List<object?> list => $"[{string.Join(", ", list.Select(Text))}]",
        Dictionary<string, object?> dictionary =>
            $"{{{string.Join(", ", dictionary.Select(item => $"\"{item.Key}\": {Text(item.Value)}"))}}}",
        StoredTensor tensor => Tensor(tensor),
        _ => throw new ArgumentException($"{value.GetType()} is no plain value."),
    };

    private static string Tensor(StoredTensor tensor) =>
        new StringBuilder(DtypeOf(tensor))
            .Append(CultureInfo.InvariantCulture, $" [{string.Join(", ", tensor.Shape)}] {Convert.ToHexStringLower(tensor.Data.Span)}")
            .ToString();

    private static string DtypeOf(StoredTensor tensor) =>
        "torch." + tensor.Type.ToString().ToLowerInvariant().Replace("byte", "uint8", StringComparison.Ordinal);
}
