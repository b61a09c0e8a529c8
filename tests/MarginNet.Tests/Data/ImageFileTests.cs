using MarginNet.Data;
using StbImageWriteSharp;

namespace MarginNet.Tests.Data;

public sealed class ImageFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static byte[] Noise(int count, int seed = 1)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Planes(byte[] interleaved, int stride, int channels) =>
        [.. Enumerable.Range(0, channels)
            .SelectMany(c => Enumerable.Range(0, interleaved.Length / stride).Select(i => interleaved[(i * stride) + c]))];

    private static byte[] Read(byte[] file, ImageOptions options) => ImageFolder.DecodeImage(file, "x", options).Pixels(0).ToArray();

    private static byte[] Read(byte[] file, int height, int width, int channels = 3) =>
        Read(file, new() { Height = height, Width = width, Channels = channels });

    private static string Refusal(byte[] file)
    {
        var message = Assert.Throws<InvalidDataException>(() => ImageFolder.DecodeImage(file, "x.jpg", 8, 8)).Message;
        Assert.StartsWith("'x.jpg'", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Fact]
    public void Print_colours_are_those_of_Pillow_with_Adobes_marker_and_without()
    {
        var file = PictureFiles.Cmyk;
        var marker = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xEE]);
        byte[] without = [.. file[..marker], .. file[(marker + 16)..]];
        var pixels = Read(file, 8, 8);
        Assert.Equal(pixels, Read(without, 8, 8));
        byte[] corners = [pixels[0], pixels[64], pixels[128], pixels[63], pixels[127], pixels[191]];
        byte[] pillow = [51, 207, 180, 149, 21, 100];
        // The inverse transforms round differently.
        Assert.All(corners.Zip(pillow), pair => Assert.InRange(pair.First - pair.Second, -2, 2));
    }

    [Fact]
    public void An_unknown_colour_transform_of_print_colours_is_YCCK_as_in_libjpeg()
    {
        var file = PictureFiles.Cmyk;
        var transform = file.AsSpan().IndexOf("Adobe"u8) + 11;
        byte[] unknown = [.. file[..transform], 1, .. file[(transform + 1)..]];
        byte[] ycck = [.. file[..transform], 2, .. file[(transform + 1)..]];
        Assert.Equal(Read(ycck, 8, 8), Read(unknown, 8, 8));
        Assert.NotEqual(Read(file, 8, 8), Read(ycck, 8, 8));
    }

    [Fact]
    public void A_JPEG_cut_anywhere_is_refused_and_with_an_end_marker_never_read_in_silence()
    {
        foreach (var whole in new[] { ImageFolderTests.Jpeg(40, 40, 1), PictureFiles.Cmyk, PictureFiles.Progressive })
        {
            var start = PictureFiles.ScanStart(whole);
            var end = PictureFiles.ScanEnd(whole, start);
            Assert.InRange(end - start, 4, whole.Length);
            var read = 0;
            for (var length = start; length < end - ((end - start) / 10) - 1; length++)
            {
                var cut = whole[..length];
                Assert.Contains("x.jpg", Refusal(cut), StringComparison.Ordinal);

                var warnings = new List<string>();
                var options = new ImageOptions { Warn = warnings.Add, ApplyOrientation = false };
                if (Record.Exception(() => ImageFolder.DecodeImage([.. cut, 0xFF, 0xD9], "x.jpg", options)) is { } refusal)
                {
                    // The data may end within a code that is none.
                    Assert.Contains("'x.jpg' does not decode", Assert.IsType<InvalidDataException>(refusal).Message, StringComparison.Ordinal);
                }
                else
                {
                    Assert.Matches("^'x.jpg' is cut.* missing", Assert.Single(warnings));
                    read++;
                }
            }

            Assert.NotEqual(0, read);
        }
    }

    [Fact]
    public void A_JPEG_cut_at_any_share_of_its_data_says_how_much_is_missing()
    {
        var whole = ImageFolderTests.Jpeg(64, 64, 1);
        var start = PictureFiles.ScanStart(whole);
        foreach (var share in new[] { 0.2, 0.5, 0.8 })
        {
            var damage = JpegScans.Check([.. whole[..(start + (int)(share * (whole.Length - start)))], 0xFF, 0xD9]);
            Assert.InRange(damage.MissingShare, 1 - share - 0.1, 1 - share + 0.1); // Noise is spread evenly.
        }
    }

    [Fact]
    public void A_whole_JPEG_lacks_nothing()
    {
        foreach (var whole in new[]
        {
            ImageFolderTests.Jpeg(1, 1, 1),
            ImageFolderTests.Jpeg(37, 91, 2),
            PictureFiles.Cmyk,
            PictureFiles.Progressive,
        })
        {
            Assert.True(JpegScans.Check(whole).IsNone);
        }
    }

    [Fact]
    public void A_progressive_JPEG_without_its_last_passes_is_read_with_a_warning()
    {
        var whole = PictureFiles.Progressive;
        var lastScan = whole.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]);
        var warnings = new List<string>();
        ImageFolder.DecodeImage(
            [.. whole[..lastScan], 0xFF, 0xD9], "p.jpg", new ImageOptions { Warn = warnings.Add, ApplyOrientation = false });
        Assert.StartsWith("'p.jpg' is cut: the last passes", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_progressive_JPEG_with_restart_markers_has_Pillows_pixels()
    {
        var pixels = Read(PictureFiles.Progressive, 12, 16);
        byte[] corner = [pixels[0], pixels[192], pixels[384]];
        Assert.All(corner.Zip(new byte[] { 162, 237, 217 }), pair => Assert.InRange(pair.First - pair.Second, -3, 3));
    }

    [Theory]
    [InlineData(0xC9, 8, "arithmetic coding")]
    [InlineData(0xC3, 8, "without loss")]
    [InlineData(0xC5, 8, "hierarchical")]
    [InlineData(0xC1, 12, "12 bits")]
    public void Kinds_of_JPEG_that_are_not_read_are_named(byte process, byte precision, string name)
    {
        var file = ImageFolderTests.Jpeg(8, 8, 1);
        var frame = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        (file[frame + 1], file[frame + 4]) = (process, precision);
        Assert.Contains(name, Refusal(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "123456", 2)]
    [InlineData(2, "321654", 2)]
    [InlineData(3, "654321", 2)]
    [InlineData(4, "456123", 2)]
    [InlineData(5, "142536", 3)]
    [InlineData(6, "415263", 3)]
    [InlineData(7, "635241", 3)]
    [InlineData(8, "362514", 3)]
    public void An_orientation_is_applied_where_asked_for_and_told_of_otherwise(ushort orientation, string upright, int rows)
    {
        foreach (var isLittle in new[] { true, false })
        {
            var file = PictureFiles.Png([[1, 2, 3], [4, 5, 6]], 3, 8, 0, PictureFiles.Exif(orientation, isLittle));
            var turned = Read(file, new() { Height = rows, Width = 6 / rows, Channels = 1, ApplyOrientation = true });
            Assert.Equal(upright, string.Concat(turned));
            var warnings = new List<string>();
            var options = new ImageOptions { Height = 2, Width = 3, Channels = 1, Warn = warnings.Add };
            Assert.Equal("123456", string.Concat(Read(file, options)));
            Assert.Equal(orientation > 1 ? 1 : 0, warnings.Count);
            Read(file, options with { ApplyOrientation = false });
            Assert.Equal(orientation > 1 ? 1 : 0, warnings.Count);
        }
    }

    [Fact]
    public void The_orientation_of_a_JPEG_is_in_its_EXIF_segment()
    {
        var upright = ImageFolderTests.Jpeg(5, 9, 1);
        var turned = PictureFiles.WithSegment(upright, 0xE1, [.. "Exif\0\0"u8, .. PictureFiles.Exif(6, isLittle: false)]);
        var (before, after) =
            (Read(upright, 5, 9, 1), Read(turned, new() { Height = 9, Width = 5, Channels = 1, ApplyOrientation = true }));
        Assert.Equal(Enumerable.Range(0, 45).Select(i => before[((4 - (i % 5)) * 9) + (i / 5)]), after);
    }

    [Fact]
    public void Sixteen_bits_become_the_higher_eight()
    {
        var wide = Noise(2 * 3 * 4 * 5);
        byte[][] rows = [.. wide.Chunk(2 * 3 * 4)];
        var high = Enumerable.Range(0, wide.Length / 2).Select(i => wide[2 * i]).ToArray();
        Assert.Equal(Planes(high, 3, 3), Read(PictureFiles.Png(rows, 4, 16, 2), 5, 4));
        Assert.Equal(high, Read(PictureFiles.Png([.. wide.Chunk(2 * 4)], 4, 16, 0), 15, 4, channels: 1));
    }

    [Fact]
    public void Transparency_is_dropped_kept_or_full_as_the_channels_ask()
    {
        var rgba = Noise(4 * 3 * 2);
        var file = PictureFiles.Png([.. rgba.Chunk(4 * 3)], 3, 8, 6);
        Assert.Equal(Planes(rgba, 4, 3), Read(file, 2, 3));
        Assert.Equal(Planes(rgba, 4, 4), Read(file, 2, 3, channels: 4));
        var grey = PictureFiles.Png([[7, 8, 9]], 3, 8, 0);
        Assert.Equal([7, 8, 9, 7, 8, 9, 7, 8, 9, 255, 255, 255], Read(grey, 1, 3, channels: 4));
        var pairs = PictureFiles.Png([[7, 100, 8, 0, 9, 255]], 3, 8, 4);
        Assert.Equal([7, 8, 9], Read(pairs, 1, 3, channels: 1));
    }

    [Fact]
    public void Colour_becomes_grey_by_Pillows_luma()
    {
        byte[] rgb = [255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 255, 255, 255];
        Assert.Equal([76, 150, 29, 18, 255], Read(PictureFiles.Png([rgb], 5, 8, 2), 1, 5, channels: 1)); // By Pillow 9.4's convert("L").
        Assert.Equal([76, 150, 29, 18, 255], ImageSet.Create(Planes(rgb, 3, 3), [0], 3, 1, 5).WithChannels(1).Pixels(0).ToArray());
    }

    [Fact]
    public void BMP_and_WebP_have_the_pixels_that_were_written_and_are_refused_where_cut()
    {
        var rgb = Noise(3 * 5 * 7);
        byte[] rgba = [.. rgb.Chunk(3).SelectMany(pixel => pixel.Append((byte)255))];
        foreach (var file in new[] { PictureFiles.Bmp(5, 7, rgb), PictureFiles.WebP(5, 7, rgba) })
        {
            Assert.Equal(Planes(rgb, 3, 3), Read(file, 5, 7));
            for (var length = 0; length < file.Length; length++)
            {
                Refusal(file[..length]);
            }
        }
    }

    [Fact]
    public void The_content_decides_and_not_the_name()
    {
        var rgba = Noise(4 * 4 * 4);
        _folder.Write(PictureFiles.WebP(4, 4, rgba), "a.jpg");
        _folder.Write(ImageFolderTests.Jpeg(4, 4, 1), "b.png");
        Assert.Equal(2, ImageFolder.ReadImages([_folder["a.jpg"], _folder["b.png"]], 4, 4).Count);
    }

    [Theory]
    [InlineData("GIF89a....", "a GIF file")]
    [InlineData("II*\0....", "a TIFF file")]
    [InlineData("MM\0*....", "a TIFF file")]
    [InlineData("\0\0\0\u0020ftypavif", "an AVIF file")]
    [InlineData("\0\0\0\u0020ftypheic", "a HEIC file")]
    [InlineData("P6\n4 4 255\n", "a PNM file")]
    [InlineData("", "is empty")]
    [InlineData("<html>not found", "<html>not fo")]
    public void Other_files_are_named_with_the_cure(string content, string name)
    {
        var message = Refusal(System.Text.Encoding.Latin1.GetBytes(content));
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("remove it", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_of_other_formats_in_a_class_folder_are_told_of()
    {
        foreach (var file in new[] { "train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png" })
        {
            _folder.Write(ImageFolderTests.Png(4, 4, ColorComponents.Grey, 1), file.Split('/'));
        }

        _folder.Write([1], "train", "a", "x.gif");
        _folder.Write([1], "train", "a", "notes.txt");
        var warnings = new List<string>();
        ImageFolder.Load(_folder.Path, new ImageOptions { Warn = warnings.Add });
        Assert.Contains("x.gif", Assert.Single(warnings), StringComparison.Ordinal);
        File.Delete(_folder["train", "a", "1.png"]);
        Assert.Contains(
            "x.gif", Assert.Throws<InvalidDataException>(() => ImageFolder.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cropping_keeps_the_middle_and_padding_all_with_black_around()
    {
        byte[] rows = [.. Enumerable.Range(1, 32).Select(i => (byte)i)]; // 4 × 8
        var wide = PictureFiles.Png([.. rows.Chunk(8)], 8, 8, 0);
        var options = new ImageOptions { Height = 4, Width = 4, Channels = 1, Resizing = ImageResizing.Crop };
        Assert.Equal([3, 4, 5, 6, 11, 12, 13, 14, 19, 20, 21, 22, 27, 28, 29, 30], Read(wide, options));
        var padded = Read(wide, new() { Height = 8, Width = 8, Channels = 1, Resizing = ImageResizing.Pad });
        Assert.Equal([.. new byte[16], .. rows, .. new byte[16]], padded);
        var tall = PictureFiles.Png([.. rows.Chunk(4)], 4, 8, 0);
        Assert.Equal(rows[8..24], Read(tall, options));
        var beside = Read(tall, new() { Height = 8, Width = 8, Channels = 1, Resizing = ImageResizing.Pad });
        Assert.Equal([0, 0, 1, 2, 3, 4, 0, 0], beside[..8]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 500)]
    [InlineData(500, 1)]
    [InlineData(7, 3)]
    public void One_colour_stays_it_however_a_picture_is_resized(int height, int width)
    {
        var file = PictureFiles.Png(
            [.. Enumerable.Range(0, height).Select(_ => Enumerable.Repeat((byte)200, width).ToArray())], width, 8, 0);
        foreach (var resizing in Enum.GetValues<ImageResizing>())
        {
            var pixels = Read(file, new() { Height = 6, Width = 9, Channels = 1, Resizing = resizing });
            Assert.All(pixels, pixel => Assert.True(pixel == 200 || (resizing == ImageResizing.Pad && pixel == 0)));
            Assert.Contains((byte)200, pixels);
        }
    }

    [Fact]
    public void Parts_of_a_set_keep_the_numbers_and_files_of_the_whole()
    {
        string[] files = [.. Enumerable.Range(0, 6).Select(i => _folder[$"{i}.png"])];
        foreach (var file in files)
        {
            File.WriteAllBytes(file, ImageFolderTests.Png(4, 4, ColorComponents.Grey, 1));
        }

        var all = ImageFolder.ReadImages(files, 4, 4);
        var part = all.Select([5, 3, 1, 0]).Take(3).Select([2, 0]);
        Assert.Equal([1, 5], part.Numbers);
        Assert.Equal([files[1], files[5]], part.Files.AsEnumerable());
        Assert.Equal([0, 1, 2, 3], ImageSet.Concat(part, part).Numbers);
        Assert.Equal(4, ImageSet.Concat(part, part).Files.Length);
        Assert.Equal([1, 5], part.WithChannels(1).Numbers);
        var balanced = ImageSet.Create(new byte[5], [0, 0, 0, 1, 1], 1, 1, 1).TakeBalanced(3);
        Assert.Equal([0, 1, 3], balanced.Numbers);
        Assert.Empty(balanced.Files);
    }
}
