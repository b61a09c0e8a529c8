using System.Text;

namespace MarginNet.Cli.Input;

/// <summary>The lines of a stream, each as soon as it is whole, with the place in bytes from which to go on after it.</summary>
/// <param name="input">The bytes, UTF-8.</param>
/// <param name="name">What messages call it.</param>
/// <param name="follows">Whether to wait for more where a file ends.</param>
/// <param name="beforeWait">Called before each wait for more.</param>
internal sealed class GrowingLines(Stream input, string name, bool follows, Action beforeWait)
{
    private const int Longest = 1 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.2);

    private readonly byte[] _buffer = new byte[Longest];
    private int _start;
    private int _end;

    /// <summary>The bytes before the next line.</summary>
    public long Offset { get; private set; }

    /// <summary>The number of the last line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Goes on where a file was left; other streams are of what comes after.</summary>
    public void Resume(long offset, long number)
    {
        (Offset, Number) = (offset, number);
        if (!input.CanSeek)
        {
            return;
        }

        input.Position = input.Length >= offset
            ? offset
            : throw new UserErrorException(
                $"{name} has {input.Length} bytes, but was read up to byte {offset}: "
                + "give the file that the state is of, or another --state.");
    }

    /// <summary>The next line without its end; null where there is none.</summary>
    public async ValueTask<string?> NextAsync(CancellationToken cancellation)
    {
        for (var searched = 0; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            var length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                return Take(searched + length, lineEnd: 1);
            }

            searched = _end - _start;
            if (!await FillAsync(cancellation))
            {
                return searched > 0 ? Take(searched, lineEnd: 0) : null;
            }
        }
    }

    private string Take(int length, int lineEnd)
    {
        var line = Encoding.UTF8.GetString(_buffer, _start, length).TrimEnd('\r');
        _start += length + lineEnd;
        Offset += length + lineEnd;
        return Number++ == 0 ? line.TrimStart('\uFEFF') : line;
    }

    /// <summary>Reads more; false at the end.</summary>
    private async ValueTask<bool> FillAsync(CancellationToken cancellation)
    {
        var kept = _end - _start;
        if (kept == Longest)
        {
            throw new UserErrorException($"{name}, line {Number + 1} has more than {Longest} bytes: expected a number or a row.");
        }

        _buffer.AsSpan(_start, kept).CopyTo(_buffer);
        (_start, _end) = (0, kept);
        if (!input.CanSeek)
        {
            beforeWait();
        }

        while (true)
        {
            // A read that waits for more cannot be called off, but can be left behind.
            var read = await Task.Run(() => input.Read(_buffer, kept, Longest - kept), cancellation).WaitAsync(cancellation);
            _end += read;
            if (read > 0 || !(follows && input.CanSeek))
            {
                return read > 0;
            }

            if (input.Length < input.Position)
            {
                throw new UserErrorException($"{name} has become shorter than what was read of it: begin again, with another --state.");
            }

            beforeWait();
            await Task.Delay(Pause, cancellation);
        }
    }
}
