using System.Text;

namespace MarginNet.Arrays;

/// <summary>A text file that is read several times, in the encoding that its bytes show: that of its byte order mark, UTF-16 by its zeros,
/// UTF-8, or else Latin-1.</summary>
internal sealed class TextSource : IDisposable
{
    private readonly Stream _stream;
    private readonly Encoding _encoding;

    public TextSource(string path)
    {
        _stream = File.OpenRead(path);
        if (!_stream.CanSeek)
        {
            using var pipe = _stream;
            _stream = new MemoryStream();
            pipe.CopyTo(_stream);
        }

        _encoding = EncodingOf(_stream);
    }

    /// <summary>The text from its start; the reader needs no disposal.</summary>
    public TextReader Open()
    {
        _stream.Position = 0;
        return new StreamReader(_stream, _encoding, detectEncodingFromByteOrderMarks: true, leaveOpen: true);
    }

    public void Dispose() => _stream.Dispose();

    private static Encoding EncodingOf(Stream stream)
    {
        Span<byte> start = stackalloc byte[4];
        stream.Position = 0;
        var length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (length == start.Length && start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0)
            return Encoding.Unicode;
        if (length == start.Length && start[0] == 0 && start[1] != 0 && start[2] == 0 && start[3] != 0)
            return Encoding.BigEndianUnicode;

        try
        {
            stream.Position = 0;
            using var reader = new StreamReader(
                stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, leaveOpen: true);
            var buffer = new char[1 << 12];
            while (reader.Read(buffer) > 0)
            {
            }

            return Encoding.UTF8;
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1;
        }
    }
}
