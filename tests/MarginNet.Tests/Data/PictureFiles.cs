using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using SkiaSharp;
using StbImageWriteSharp;

namespace MarginNet.Tests.Data;

/// <summary>Small picture files of the kinds that StbImageWriteSharp does not write.</summary>
internal static class PictureFiles
{
    /// <summary>
    /// 8×8 of print colours with Adobe's marker; by Pillow 9.4, which reads (51, 207, 180) at the top left and (149, 21,
    /// 100) at the bottom right.
    /// </summary>
    public static byte[] Cmyk => Convert.FromBase64String(CmykText);

    /// <summary>
    /// 16×12 in ten passes with restart markers and EXIF orientation 6; by Pillow 9.4 and jpegtran. Pillow reads (162, 237,
    /// 217) at the top left.
    /// </summary>
    public static byte[] Progressive => Convert.FromBase64String(ProgressiveText);

    private const string CmykText =
        "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCg" +
        "wJCgoK/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQEC" +
        "AwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dX" +
        "Z3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4E" +
        "QwBNAFkASwAAPwD1j/iFO/6vy/8AMXf/AH0qx/xFY/8AVhv/AJlH/wC9dfaH/C7f+pZ/8nf/ALCv0M/4eRf9UZ/8uL/7nr//2Q==";

    private const string ProgressiveText =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/4QAiRXhpZgAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj" +
        "0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8" +
        "fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wgARCAAMABADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABQT/xAAUAQEAAAAAAA" +
        "AAAAAAAAAAAAAB/90ABAAB/9oADAMBAAIQAxAAAAGshQgf/8QAGRAAAgMBAAAAAAAAAAAAAAAAAhIRITJC/9oACAEBAAEFAjlf/9C2/9E8/wD/" +
        "0uv/xAAVEQEBAAAAAAAAAAAAAAAAAAAAQ//aAAgBAwEBPwGb/8QAFhEAAwAAAAAAAAAAAAAAAAAAAAMz/9oACAECAQE/AV0P/8QAFBABAAAAAA" +
        "AAAAAAAAAAAAAAAP/aAAgBAQAGPwJ//9B//9F//9J//8QAFxAAAwEAAAAAAAAAAAAAAAAAAAFhkf/aAAgBAQABPyGnT//QddP/0WP/0mz/AP/a" +
        "AAwDAQACAAMAAAAQ9//EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQMBAT8Qf//EABYRAAMAAAAAAAAAAAAAAAAAAAABIf/aAAgBAgEBPxBaP/" +
        "/EABcQAQEBAQAAAAAAAAAAAAAAAFEAMQH/2gAIAQEAAT8QRgX/0E6F/9EHML//0g80v//Z";

    /// <summary>A PNG of any colour type and depth, with EXIF where that is not empty.</summary>
    /// <param name="rows">The bytes of each row as PNG has them.</param>
    /// <param name="width">The width in pixels.</param>
    /// <param name="depth">Bits of a sample.</param>
    /// <param name="colourType">0 grey, 2 RGB, 4 grey and transparency, 6 RGB and transparency.</param>
    /// <param name="exif">A TIFF block.</param>
    public static byte[] Png(byte[][] rows, int width, byte depth, byte colourType, byte[]? exif = null)
    {
        using var data = new MemoryStream();
        using (var deflate = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true))
        {
            foreach (var row in rows)
            {
                deflate.Write([0, .. row]);
            }
        }

        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), rows.Length);
        (header[8], header[9]) = (depth, colourType);
        byte[] orientation = exif is null ? [] : Chunk("eXIf"u8, exif);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, header), .. orientation, .. Chunk("IDAT"u8, data.ToArray()),
            .. Chunk("IEND"u8, [])];
    }

    public static byte[] Bmp(int height, int width, byte[] rgb)
    {
        using var stream = new MemoryStream();
        new ImageWriter().WriteBmp(rgb, width, height, ColorComponents.RedGreenBlue, stream);
        return stream.ToArray();
    }

    /// <summary>WebP without loss.</summary>
    public static byte[] WebP(int height, int width, byte[] rgba)
    {
        using var image = SKImage.FromPixelCopy(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul), rgba);
        using var map = image.PeekPixels()!;
        using var file = map.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 50))!;
        return file.ToArray();
    }

    /// <summary>A TIFF block that says the orientation only.</summary>
    public static byte[] Exif(ushort orientation, bool isLittle)
    {
        var block = new byte[26];
        (isLittle ? "II*\0"u8 : "MM\0*"u8).CopyTo(block);
        Write(4, 8);
        WriteShort(8, 1);
        WriteShort(10, 0x0112);
        WriteShort(12, 3);
        Write(14, 1);
        WriteShort(18, orientation);
        return block;

        void Write(int at, uint value)
        {
            if (isLittle)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(at), value);
            }
            else
            {
                BinaryPrimitives.WriteUInt32BigEndian(block.AsSpan(at), value);
            }
        }

        void WriteShort(int at, ushort value)
        {
            if (isLittle)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(at), value);
            }
            else
            {
                BinaryPrimitives.WriteUInt16BigEndian(block.AsSpan(at), value);
            }
        }
    }

    /// <summary>The same JPEG with a segment right after its beginning.</summary>
    public static byte[] WithSegment(byte[] jpeg, byte marker, byte[] content) =>
        [.. jpeg[..2], 0xFF, marker, (byte)((content.Length + 2) >> 8), (byte)(content.Length + 2), .. content, .. jpeg[2..]];

    /// <summary>Where the data of the first scan begin, after its header.</summary>
    public static int ScanStart(byte[] jpeg)
    {
        var at = jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        return at + 2 + BinaryPrimitives.ReadUInt16BigEndian(jpeg.AsSpan(at + 2));
    }

    /// <summary>Where they end, at the next marker that is no restart.</summary>
    public static int ScanEnd(byte[] jpeg, int start)
    {
        while (jpeg[start] != 0xFF || jpeg[start + 1] is 0 or (>= 0xD0 and <= 0xD7))
        {
            start++;
        }

        return start;
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] data)
    {
        byte[] content = [.. type, .. data];
        var (length, sum) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32.HashToUInt32(content));
        return [.. length, .. content, .. sum];
    }
}
