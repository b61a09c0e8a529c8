namespace MarginNet.Checkpoints;

/// <summary>Reads a dictionary of plain values and names the key that is missing or of another kind than expected.</summary>
internal sealed class PlainDictionary(IReadOnlyDictionary<string, object?> values, string name)
{
    private const int LongestPath = 256; // A network that a file describes has the names of the file.

    public string Text(string key) => values.GetValueOrDefault(key) as string ?? throw Unexpected(key, "text");

    /// <summary>The name of a value of <typeparamref name="T"/>.</summary>
    public T Name<T>(string key)
        where T : struct, Enum =>
        values.GetValueOrDefault(key) is string text && Enum.GetNames<T>().Contains(text)
            ? Enum.Parse<T>(text)
            : throw Unexpected(key, $"one of {string.Join(", ", Enum.GetNames<T>())}");

    public bool Flag(string key) => values.GetValueOrDefault(key) as bool? ?? throw Unexpected(key, "true or false");

    public int Count(string key) =>
        values.GetValueOrDefault(key) is long and >= 0 and <= int.MaxValue and var count ? (int)count : throw Unexpected(key, "a count");

    public string[] Texts(string key) =>
        values.GetValueOrDefault(key) is List<object?> list && list.TrueForAll(item => item is string)
            ? [.. list.Cast<string>()]
            : throw Unexpected(key, "a list of texts");

    public double Number(string key) => ToNumber(values.GetValueOrDefault(key)) ?? throw Unexpected(key, "a number");

    public double[] Numbers(string key) => values.GetValueOrDefault(key) switch
    {
        double[] numbers => numbers,
        IStoredValue stored when stored.ToDoubles() is { } numbers => numbers,
        List<object?> list => [.. list.Select(item => ToNumber(item) ?? throw Unexpected(key, "a list of numbers"))],
        _ => throw Unexpected(key, "a list of numbers"),
    };

    /// <summary>The dictionary as it is.</summary>
    public IReadOnlyDictionary<string, object?> Values => values;

    public IEnumerable<string> Keys => values.Keys;

    public PlainDictionary Dictionary(string key) =>
        values.GetValueOrDefault(key) is Dictionary<string, object?> child
            ? new PlainDictionary(child, Path(key))
            : throw Unexpected(key, "a dictionary");

    public PlainDictionary[] Dictionaries(string key) =>
        values.GetValueOrDefault(key) is List<object?> { Count: > 0 } list
            ? [.. list.Select((item, i) => item is Dictionary<string, object?> child
                ? new PlainDictionary(child, $"{Path(key)}[{i}]")
                : throw Unexpected(key, "a list of dictionaries"))]
            : throw Unexpected(key, "a list of dictionaries");

    public bool Has(string key) => values.GetValueOrDefault(key) is not null;

    public InvalidDataException Unexpected(string key, string expected)
    {
        var found = values.TryGetValue(key, out var value) ? value switch
        {
            null => "null",
            string text => FileText.Quote(text),
            bool or long or double => FormattableString.Invariant($"'{value}'"),
            double[] numbers => $"{numbers.Length} numbers",
            IStoredValue stored => FileText.Show(stored.Description),
            _ => $"a {value.GetType().Name}"
        } : "nothing";
        return new InvalidDataException($"Expected {expected} under the key '{FileText.Show(Path(key), LongestPath)}', but found {found}.");
    }

    private string Path(string key) => name.Length == 0 ? key : $"{name}.{key}";

    private static double? ToNumber(object? value) => value switch
    {
        double number => number,
        long integer => integer,
        IStoredValue { IsScalar: true } scalar => scalar.ToDoubles()?[0],
        _ => null,
    };
}
