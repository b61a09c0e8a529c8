using System.Buffers.Binary;
using System.IO.Compression;

namespace MarginNet.Data;

/// <summary>
/// A gzip stream that does not take a truncated file for a complete one, as <see cref="GZipStream"/> does, and that refuses to
/// expand beyond a limit. Of one member, on a seekable source; read forward only.
/// </summary>
internal sealed class CheckedGzipStream(Stream source, long maxBytes) : Stream
{
    private readonly uint _statedLength = ReadStatedLength(source);
    private readonly GZipStream _unzipped = new(source, CompressionMode.Decompress, leaveOpen: true);
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="InvalidDataException">The data is damaged, truncated or too long.</exception>
    public override int Read(Span<byte> buffer)
    {
        var count = _unzipped.Read(buffer);
        _read += count;
        if (count == 0 && !buffer.IsEmpty && (uint)_read != _statedLength)
        {
            throw new InvalidDataException($"the gzip data is truncated after {_read} bytes.");
        }

        return _read <= maxBytes ? count : throw new InvalidDataException($"the gzip data expands to more than {maxBytes} bytes.");
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unzipped.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Reads the last field of a gzip file (RFC 1952): the length of its content modulo 2³².</summary>
    private static uint ReadStatedLength(Stream source)
    {
        const int Footer = sizeof(uint);
        if (source.Length < Footer)
        {
            throw new InvalidDataException($"it has {source.Length} bytes and is no gzip file.");
        }

        Span<byte> footer = stackalloc byte[Footer];
        source.Seek(-Footer, SeekOrigin.End);
        source.ReadExactly(footer);
        source.Seek(0, SeekOrigin.Begin);
        return BinaryPrimitives.ReadUInt32LittleEndian(footer);
    }
}
