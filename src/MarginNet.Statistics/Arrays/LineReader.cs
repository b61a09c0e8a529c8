namespace MarginNet.Arrays;

/// <summary>The lines of a text of any length, each as a span of one buffer, which the next replaces.</summary>
internal sealed class LineReader(TextReader reader)
{
    private char[] _buffer = new char[1 << 12];
    private int _start;
    private int _end;
    private bool _isAtEnd;
    private bool _isWithinLineEnd; // After the first half of \r\n.

    /// <summary>The number of the line, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Reads the next line that holds anything.</summary>
    public bool Next(out ReadOnlySpan<char> line)
    {
        while (NextOfAny(out line))
        {
            if (!line.IsWhiteSpace())
                return true;
        }

        return false;
    }

    private bool NextOfAny(out ReadOnlySpan<char> line)
    {
        for (var searched = _start; ;)
        {
            var at = _buffer.AsSpan(searched, _end - searched).IndexOfAny('\r', '\n');
            if (at >= 0 || (_isAtEnd && _end > _start))
            {
                var end = at < 0 ? _end : searched + at;
                line = _buffer.AsSpan(_start, end - _start);
                var isSecondHalf = _isWithinLineEnd && line.IsEmpty && at >= 0 && _buffer[end] == '\n';
                _isWithinLineEnd = at >= 0 && _buffer[end] == '\r';
                _start = Math.Min(end + 1, _end);
                Number += isSecondHalf ? 0 : 1;
                return true;
            }

            if (_isAtEnd)
            {
                line = default;
                return false;
            }

            searched = Fill();
        }
    }

    /// <summary>Reads more, and returns where it begins.</summary>
    private int Fill()
    {
        var kept = _end - _start;
        if (_start > 0)
            _buffer.AsSpan(_start, kept).CopyTo(_buffer);
        else if (kept == _buffer.Length)
            Array.Resize(ref _buffer, 2 * _buffer.Length);

        (_start, _end) = (0, kept);
        var read = reader.Read(_buffer, kept, _buffer.Length - kept);
        (_end, _isAtEnd) = (kept + read, read == 0);
        return kept;
    }
}
