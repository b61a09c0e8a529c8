using System.Buffers.Binary;

namespace MarginNet.Data;

/// <summary>What the segments before the first scan of a JPEG file say.</summary>
/// <param name="Process">The byte of its frame marker: 0xC0 to 0xC2 for what is read; 0 without a frame.</param>
/// <param name="Precision">Bits of a sample; 8 in what is read.</param>
/// <param name="Components">1 for grey, 3 for colour, 4 for print colours.</param>
/// <param name="AdobeTransform">The colour transform of Adobe's marker; −1 without one.</param>
/// <param name="Orientation">As <see cref="ExifOrientation"/> reads it.</param>
/// <param name="ScanStart">Where the marker of the first scan is.</param>
internal readonly record struct JpegHeader(byte Process, int Precision, int Components, int AdobeTransform, int Orientation, int ScanStart)
{
    private const byte StartOfScan = 0xDA;
    private const byte Adobe = 0xEE;
    private const byte Exif = 0xE1;

    /// <summary>Reads up to the first scan; null where the segments do not lead to one.</summary>
    public static JpegHeader? Read(ReadOnlySpan<byte> file)
    {
        var header = new JpegHeader(0, 0, 0, -1, ExifOrientation.Upright, 0);
        for (var at = 2; at + 4 <= file.Length && file[at] == 0xFF;)
        {
            var marker = file[at + 1];
            if (marker == 0xFF)
            {
                at++; // A fill byte.
                continue;
            }

            if (marker == StartOfScan)
            {
                return header with { ScanStart = at };
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(file[(at + 2)..]);
            if (length < 2 || at + 2 + length > file.Length)
            {
                return null;
            }

            header = header.With(marker, file.Slice(at + 4, length - 2));
            at += 2 + length;
        }

        return null;
    }

    /// <summary>
    /// The file with print colours declared as decoders for the screen take them: inverted, as Adobe stores them,
    /// which libjpeg and Pillow assume also without Adobe's marker, and the decoder here does not.
    /// </summary>
    public byte[] WithDeclaredColours(byte[] file)
    {
        if (Components != 4 || AdobeTransform is 0 or 2)
        {
            return file;
        }

        var transform = AdobeTransform < 0 ? (byte)0 : (byte)2; // An unknown one is YCCK.
        ReadOnlySpan<byte> marker = [0xFF, Adobe, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform];
        return [.. file.AsSpan(0, ScanStart), .. marker, .. file.AsSpan(ScanStart)];
    }

    private JpegHeader With(byte marker, ReadOnlySpan<byte> segment) => marker switch
    {
        Exif when segment.StartsWith("Exif\0\0"u8) && Orientation == ExifOrientation.Upright =>
            this with { Orientation = ExifOrientation.Read(segment) },
        Adobe when segment.Length >= 12 && segment.StartsWith("Adobe"u8) => this with { AdobeTransform = segment[11] },
        >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC) when segment.Length >= 6 =>
            this with { Process = marker, Precision = segment[0], Components = segment[5] },
        _ => this,
    };
}
