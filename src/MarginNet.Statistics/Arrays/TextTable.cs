using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>
/// A text as a table: one separator, one decimal mark and one number of columns, decided from all of it; the names of the columns
/// where it has a header; and an index, such as pandas writes, told from the data.
/// </summary>
internal sealed class TextTable
{
    private const int SomeRows = 3;
    private const int ManyRows = 10;
    private const int SomeColumns = 3;

    /// <summary>What may part fields, the most telling first; a space stands for any run of spaces and tabs.</summary>
    internal static readonly ImmutableArray<char> Separators = ['\t', ';', ',', ' '];

    private static readonly HashSet<string> IndexNames =
        new(["id", "ids", "idx", "index", "row", "rowid", "level_0"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> LabelNames = new(
        ["label", "labels", "target", "targets", "true_label", "y_true", "true", "truth", "ground_truth", "class", "category"],
        StringComparer.OrdinalIgnoreCase);

    private readonly TextSource _source;
    private readonly string _name;
    private readonly char _separator;
    private readonly TableColumn[] _columns;
    private readonly string[] _first = [];
    private readonly string? _comment;
    private readonly List<string> _notes = [];
    private readonly int _firstLine;
    private readonly int _laterRows;
    private readonly int _trailing;
    private DecimalMarks _marks = DecimalMarks.Either;
    private bool _hasCommas;
    private bool _hasBareCommas;
    private string? _onlyWithPoint;
    private string? _onlyWithComma;
    private bool _hasHeader;
    private string[] _names = [];
    private int[] _data = [];

    /// <summary>Looks at every field of a text that has <paramref name="count"/> of them in a line.</summary>
    private TextTable(TextSource source, string name, char separator, int count, string? comment)
    {
        (_source, _name, _separator, _comment) = (source, name, separator, comment);
        _columns = [.. Enumerable.Range(0, count).Select(column => new TableColumn(mayBeIndex: column < 2))];
        var lines = new LineReader(source.Open());
        for (var isFirst = true; NextRow(lines, out var line); isFirst = false)
        {
            var fields = new FieldReader(line, separator);
            for (var column = 0; column < count && fields.MoveNext(); column++)
            {
                _hasBareCommas |= !fields.IsQuoted && fields.Current.Contains(',');
                if (!isFirst)
                    Examine(column, fields.Current, lines.Number, isBefore: false);
            }

            if (isFirst)
            {
                (_first, _firstLine) = (FieldReader.Split(line, separator), lines.Number);
                continue;
            }

            _trailing += fields.MoveNext() ? 1 : 0;
            _laterRows++;
        }
    }

    /// <summary>How many rows of data there are.</summary>
    public int Rows => _laterRows + (_hasHeader ? 0 : 1);

    /// <summary>The columns that are data.</summary>
    public ReadOnlySpan<int> Data => _data;

    /// <summary>What was left out or taken otherwise than it may seem, each a line.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>Reads a text as a table, or returns null where no separator makes one of it.</summary>
    /// <param name="source">The text.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="InvalidDataException">Its commas may stand before decimals or not; the message says where.</exception>
    public static TextTable? Read(TextSource source, string name)
    {
        string? comment = null;
        var (first, least, most, records) = (new int[Separators.Length], new int[Separators.Length], new int[Separators.Length], 0);
        Array.Fill(least, int.MaxValue);
        var lines = new LineReader(source.Open());
        while (lines.Next(out var line))
        {
            if (IsRemark(line))
            {
                comment = records == 0 ? line[1..].ToString() : comment;
                continue;
            }

            for (var i = 0; i < Separators.Length; i++)
            {
                var count = FieldReader.Count(line, Separators[i]);
                first[i] = records == 0 ? count : first[i];
                (least[i], most[i]) = records == 0 ? (least[i], most[i]) : (Math.Min(least[i], count), Math.Max(most[i], count));
            }

            records++;
        }

        for (var i = 0; i < Separators.Length && records > 0; i++)
        {
            var count = records == 1 ? first[i] : most[i];
            if (count > 1 && (records == 1 || least[i] == count) && new TextTable(source, name, Separators[i], count, comment) is var table
                && table.Decide())
                return table;
        }

        return records > 0 && new TextTable(source, name, FieldReader.None, 1, comment: null) is var single
            && single.Decide() ? single : null;
    }

    /// <summary>The name of a column, empty where it has none.</summary>
    public string NameOf(int column) => column < _names.Length ? _names[column] : "";

    /// <summary>Whether the columns have names.</summary>
    public bool HasNames => _names.Length > 0;

    /// <summary>How a message calls a column.</summary>
    public string Show(int column) => NameOf(column) is { Length: > 0 } name
        ? $"the column {FileText.Quote(name)}"
        : FormattableString.Invariant($"column {column + 1} of {_columns.Length}");

    /// <summary>Whether a column holds texts.</summary>
    public bool IsText(int column) => _columns[column].Numbers == 0;

    /// <summary>Whether a column holds whole numbers, none below 0.</summary>
    public bool IsWhole(int column) => !IsText(column) && _columns[column].IsWhole;

    /// <summary>Whether a column counts the rows from 0 or 1.</summary>
    public bool IsCounting(int column) => _columns[column] is { IsCounting: true, First: 0 or 1 };

    /// <summary>Whether a column is called as labels are.</summary>
    public bool IsLabel(int column) => LabelNames.Contains(NameOf(column));

    /// <summary>Whether a column is called as labels are and holds whole numbers, beside others that do not.</summary>
    public bool HoldsLabels(int column) =>
        IsLabel(column) && _columns[column].IsWhole && !Array.TrueForAll(_columns, other => other.IsWhole);

    public void Note(string text) => _notes.Add($"{_name}: {text}");

    /// <summary>The numbers of some columns, row by row.</summary>
    public double[] Numbers(ReadOnlySpan<int> columns)
    {
        var (values, at) = (new double[(long)Rows * columns.Length], 0);
        var isWanted = new bool[_columns.Length];
        foreach (var column in columns)
            isWanted[column] = true;

        var lines = new LineReader(_source.Open());
        for (var isHeader = _hasHeader; NextRow(lines, out var line); isHeader = false)
        {
            var fields = new FieldReader(line, _separator);
            for (var column = 0; !isHeader && column < isWanted.Length && fields.MoveNext(); column++)
            {
                if (isWanted[column])
                    _ = NumberText.TryParse(fields.Current, _marks, out values[at++]);
            }
        }

        return values;
    }

    /// <summary>The texts of one column; where it is the only one, the first may name the others.</summary>
    public string[] Texts(int column)
    {
        var texts = new List<string>();
        var lines = new LineReader(_source.Open());
        for (var isHeader = _hasHeader; NextRow(lines, out var line); isHeader = false)
        {
            if (!isHeader && FieldReader.Split(line, _separator) is var fields)
                texts.Add(column < fields.Length ? fields[column] : "");
        }

        return [.. texts];
    }

    /// <summary>Whether a name is that of an index: what pandas calls one without a name, an id or the like.</summary>
    public static bool IsIndexName(string name) =>
        IsNoName(name) || IndexNames.Contains(name) || name.EndsWith("_id", StringComparison.OrdinalIgnoreCase);

    private static bool IsNoName(string name) => name.Length == 0 || name.StartsWith("Unnamed: ", StringComparison.Ordinal);

    private static bool NextRow(LineReader lines, out ReadOnlySpan<char> line)
    {
        while (lines.Next(out line))
        {
            if (!IsRemark(line))
                return true;
        }

        return false;
    }

    /// <summary>Whether a line is a comment, or tells the separator as spreadsheets do.</summary>
    private static bool IsRemark(ReadOnlySpan<char> line) =>
        line[0] == '#' || (line.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && line.Length <= 5);

    private static bool IsNumber(string text) => NumberText.MarksOf(text) != DecimalMarks.None;

    /// <summary>Whether a line begins with a number, whatever separates it: then it is no title.</summary>
    private static bool BeginsWithNumber(string text) =>
        text.IndexOfAny([',', ';', '\t', ' ']) is var end && IsNumber(end < 0 ? text : text[..end]);

    private void Examine(int column, ReadOnlySpan<char> field, int line, bool isBefore)
    {
        var marks = NumberText.MarksOf(field);
        var value = 0.0;
        if (marks != DecimalMarks.None)
        {
            _ = NumberText.TryParse(field, marks.HasFlag(DecimalMarks.Point) ? DecimalMarks.Point : DecimalMarks.Comma, out value);
            _marks &= marks;
            _hasCommas |= field.Contains(',');
            _onlyWithPoint ??= marks == DecimalMarks.Point ? $"line {line} has {FileText.Quote(field.ToString())}" : null;
            _onlyWithComma ??= marks == DecimalMarks.Comma ? $"line {line} has {FileText.Quote(field.ToString())}" : null;
        }

        _columns[column].Add(field, marks != DecimalMarks.None, value, isBefore);
    }

    /// <summary>Decides what each column is, and whether they are columns at all.</summary>
    private bool Decide()
    {
        ThrowIfPairs();
        if (_separator == FieldReader.None && _hasBareCommas && _columns[0].Numbers > 0)
            return false; // Lines of one and of several numbers.
        if (!DecideHeader() || !_columns.Select(IsOneKind).All(isOne => isOne))
            return false;

        DecideMark();
        var start = 0;
        for (; start + 1 < _columns.Length && IsIndex(start); start++)
            Note($"{Show(start)} numbers the rows, so it is no data and was left out.");

        _data = [.. Enumerable.Range(start, _columns.Length - start).Where(column => Rows == 0 || _columns[column].Empties < Rows)];
        return true;

        bool IsOneKind(TableColumn column, int index) => column.Numbers == Rows
            || (column.Numbers == 0 && column.Texts == Rows && (NameOf(index).Length > 0 || (index == 0 && !BeginsWithNumber(_first[0]))))
            || (column.Empties == Rows && NameOf(index).Length == 0);
    }

    /// <summary>Decides whether the first line names the columns; false where the lines are no table.</summary>
    private bool DecideHeader()
    {
        int[] numeric = [.. Enumerable.Range(0, _columns.Length).Where(column => _columns[column].Numbers > 0)];
        var isNamed = !IsNumber(_first[0]);
        if (_laterRows == 0)
            return isNamed && _separator != FieldReader.None ? TakeHeader([]) : Array.TrueForAll(_first, IsNumber) && TakeData();
        if (numeric.Length == 0 && _columns.Length == 1)
            return isNamed ? TakeData() : TakeHeader(_first); // Whether a name is a label or names them all, labels decide.
        if (numeric.Length == 0)
            return _separator != ' ' && Array.Exists(_first, LabelNames.Contains) && TakeHeader(_first);
        if (_separator == ' ' && numeric.Length < _columns.Length - (_first.Length < _columns.Length && IsText(0) ? 1 : 0))
            return false; // Names with spaces.
        if (_first.Length == _columns.Length - 1 && (!BeginsWithNumber(_first[0]) || IsCount(_first))
            && (_columns[0].IsIdentity || IsText(0)))
            return TakeHeader(["", .. _first]);
        if (_first.Length != _columns.Length)
            return !BeginsWithNumber(_first[0]) && !(_first.Length == _columns.Length + 1 && _trailing == _laterRows) && TakeHeader([]);

        var others = numeric.Count(column => !IsNumber(_first[column]));
        if ((isNamed && !IsText(0)) || 2 * others > numeric.Length)
            return TakeHeader(_first);
        if (others == 0 && IsNumbered(numeric))
        {
            Note(
                $"line {_firstLine} is {(numeric.Length == 1 ? "0" : $"{_first[numeric[0]]} to {_first[numeric[^1]]}")}, "
                + "so it was taken for a header.");
            return TakeHeader(_first);
        }

        return others == 0 && TakeData();
    }

    private bool TakeHeader(string[] names)
    {
        (_hasHeader, _names) = (true, names);
        return true;
    }

    private bool TakeData()
    {
        for (var column = 0; column < _first.Length && column < _columns.Length; column++)
            Examine(column, _first[column], _firstLine, isBefore: true);

        if (_comment is not null && _separator != ' ' && FieldReader.Split(_comment, _separator) is var names
            && names.Length == _columns.Length)
            _names = names;

        return _first.Length == _columns.Length;
    }

    /// <summary>Whether the first line counts the columns of numbers, as a row of data hardly does.</summary>
    private bool IsNumbered(int[] numeric)
    {
        if (!IsCount(Array.ConvertAll(numeric, column => _first[column])))
            return false;

        return numeric.Length < SomeColumns
            ? (numeric.Length > 1 || (_first[numeric[0]] == "0" && _columns[numeric[0]].IsWhole)) && Array.TrueForAll(numeric, column => !_columns[column].IsInDigits)
            : _columns[numeric[0]].First != numeric.Length + (_first[numeric[0]] == "0" ? 0 : 1); // Data that counts on is an example's.
    }

    /// <summary>Whether names are 0, 1, 2, … or 1, 2, 3, ….</summary>
    private static bool IsCount(string[] names)
    {
        var start = names[0] == "0" ? 0 : 1;
        return names.Index().All(name => name.Item == (start + name.Index).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Whether a column numbers or names the rows instead of being data.</summary>
    private bool IsIndex(int index)
    {
        var (column, name) = (_columns[index], NameOf(index));
        if (column.Numbers != Rows || Rows == 0)
            return false;
        if (_names.Length > 0 && IsNoName(name))
            return column.IsWhole;
        if (_names.Length > 0 && IsIndexName(name))
            return column.IsIdentity;

        return IsCounting(index) && column.IsInDigits
            && (Rows >= ManyRows || (Rows >= SomeRows && Array.Exists(_columns, other => other.Numbers > 0 && !other.IsInDigits)));
    }

    private void DecideMark()
    {
        if (_marks == DecimalMarks.None)
        {
            throw new InvalidDataException(
                $"{_name}: {_onlyWithPoint} with a decimal point, and {_onlyWithComma} with a decimal comma: write all numbers in one way, "
                + "best with points.");
        }

        if (_marks == DecimalMarks.Either && _hasCommas)
        {
            throw new InvalidDataException(
                $"{_name}: every comma stands before three digits, so it may be a decimal comma or part thousands: write decimal points, "
                + "and no commas in numbers.");
        }

        if (_marks == DecimalMarks.Comma)
            Note("its numbers have decimal commas.");
        else
            _marks = DecimalMarks.Point;
    }

    /// <summary>Refuses 3,28,1,71: numbers with decimal commas and commas between, which read as twice as many whole numbers.</summary>
    private void ThrowIfPairs()
    {
        if (_separator != ',' || _hasCommas || _laterRows == 0
            || !Array.TrueForAll(_columns, column => column.IsInDigits && column.Numbers == _laterRows))
            return;

        var start = _columns.Length % 2;
        var pairs = (_columns.Length - start) / 2;
        var wholes = Enumerable.Range(0, pairs).Select(pair => _columns[start + (2 * pair)]).ToArray();
        var decimals = Enumerable.Range(0, pairs).Select(pair => _columns[start + (2 * pair) + 1]).ToArray();
        var isNamedByPairs = _first.Length == start + pairs && pairs > 1;
        var looksLikeDecimals = Array.Exists(decimals, column => column.HasLeadingZero)
            || Array.Exists(wholes, column => column.HasNegativeZero);
        if (Array.TrueForAll(decimals, column => column.IsUnsigned)
            && (isNamedByPairs || (looksLikeDecimals && !Array.Exists(wholes, column => column.HasLeadingZero))))
        {
            throw new InvalidDataException(
                $"{_name}: its {_columns.Length} whole numbers a line look like {pairs} with decimal commas and commas between them: "
                + "write decimal points, or separate the numbers by ; or tabs.");
        }
    }
}
