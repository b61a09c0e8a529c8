using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>Reads text as expressions in parentheses, with comments from <c>;</c> to the end of the line.</summary>
internal sealed class ExpressionReader(string text)
{
    private const int Deepest = 64;

    private readonly Stack<(int Line, ImmutableArray<Expression>.Builder Items)> _open = [];
    private int _at;
    private int _line = 1;

    /// <summary>Each expression that is in no other.</summary>
    /// <exception cref="InvalidDataException">Parentheses do not match, or are too deep.</exception>
    public IEnumerable<Expression> ReadAll()
    {
        while (Next() is { } whole)
        {
            yield return whole;
        }
    }

    private Expression? Next()
    {
        for (; _at < text.Length; _at++)
        {
            Expression? ended = null;
            switch (text[_at])
            {
                case '\n':
                    _line++;
                    break;
                case var c when char.IsWhiteSpace(c):
                    break;
                case ';':
                    var end = text.IndexOf('\n', _at);
                    _at = (end < 0 ? text.Length : end) - 1;
                    break;
                case '(' when _open.Count == Deepest:
                    throw Refusal($"more than {Deepest} parentheses are open.");
                case '(':
                    _open.Push((_line, ImmutableArray.CreateBuilder<Expression>()));
                    break;
                case ')':
                    ended = _open.TryPop(out var list) ? new(list.Line, null, list.Items.DrainToImmutable())
                        : throw Refusal("a parenthesis is closed that was not opened.");
                    break;
                default:
                    ended = new(_line, ReadWord(), []);
                    break;
            }

            if (ended is null)
            {
                continue;
            }

            if (!_open.TryPeek(out var outer))
            {
                _at++;
                return ended;
            }

            outer.Items.Add(ended);
        }

        return _open.TryPeek(out var open)
            ? throw new InvalidDataException($"line {open.Line}: a parenthesis is not closed; the file may be cut off.")
            : null;
    }

    /// <summary>Reads up to the last character of a word, and for one in <c>|</c> or quotation marks with what is in it.</summary>
    private string ReadWord()
    {
        var start = _at;
        if (text[start] is '|' or '"')
        {
            _at = text.IndexOf(text[start], start + 1);
            _at = _at >= 0 ? _at : throw Refusal($"a {text[start]} is not closed.");
            _line += text.AsSpan(start, _at - start).Count('\n');
        }
        else
        {
            while (_at + 1 < text.Length && !char.IsWhiteSpace(text[_at + 1]) && text[_at + 1] is not ('(' or ')' or ';'))
            {
                _at++;
            }
        }

        return text[start..(_at + 1)];
    }

    private InvalidDataException Refusal(string message) => new($"line {_line}: {message}");
}
