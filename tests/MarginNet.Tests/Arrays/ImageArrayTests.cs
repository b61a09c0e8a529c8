using System.Text;
using MarginNet.Arrays;
using MarginNet.Data;

namespace MarginNet.Tests.Arrays;

public sealed class ImageArrayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_saved_is_read_to_the_last_bit()
    {
        var values = Enumerable.Range(0, 2 * 3 * 4 * 5).Select(i => MathF.Sin(i)).ToArray();
        new ImageArray(values, 3, 4, 5).Save(_folder["x.npy"]);
        var read = ImageArray.Read(_folder["x.npy"]);
        Assert.Equal((2, 3, 4, 5), (read.Count, read.Channels, read.Height, read.Width));
        Assert.Equal(values, read[0].ToArray().Concat(read[1].ToArray()));
        using var tensor = read.ToTensor();
        Assert.Equal(new long[] { 2, 3, 4, 5 }, tensor.shape);
        Assert.Equal(values, tensor.data<float>().ToArray());
    }

    [Fact]
    public void Normalised_pixels_are_made_what_they_were_whichever_axis_has_the_channels()
    {
        var statistics = new ChannelStatistics([0.5, 0.25, 0.75], [0.25, 0.5, 0.125]);
        float Normalised(float pixel, int channel) =>
            (pixel - (float)statistics.Mean[channel]) / (float)statistics.StandardDeviation[channel];

        var pixels = Enumerable.Range(0, 2 * 3 * 4 * 5).Select(i => i % 8 / 8f).ToArray();
        new ImageArray([.. pixels.Select((pixel, i) => Normalised(pixel, i / 20 % 3))], 3, 4, 5).Save(_folder["first.npy"]);
        new ImageArray([.. pixels.Select((pixel, i) => Normalised(pixel, i % 3))], 4, 5, 3).Save(_folder["last.npy"]);
        foreach (var file in new[] { "first.npy", "last.npy" })
        {
            var read = ImageArray.Read(_folder[file], PixelUnit.Normalized, statistics);
            Assert.Equal(pixels, read[0].ToArray().Concat(read[1].ToArray()));
        }
    }

    [Fact]
    public void Labels_that_are_saved_are_read_again()
    {
        ArrayFile.WriteLabels(_folder["y.npy"], [3, 0, 9]);
        Assert.Equal([3, 0, 9], ArrayFile.ReadLabels(_folder["y.npy"], 10));
    }

    [PythonFact]
    public void NumPy_reads_the_file_and_we_read_NumPys()
    {
        var values = Enumerable.Range(0, 2 * 3).Select(i => i / 8f).ToArray();
        new ImageArray(values, 1, 1, 3).Save(_folder["x.npy"]);
        File.WriteAllText(_folder["twice.py"], """
            import sys, numpy
            x = numpy.load(sys.argv[1])
            print(x.dtype, x.shape)
            numpy.save(sys.argv[2], (2 * x).astype(sys.argv[3]))
            """);
        foreach (var type in new[] { "<f4", "<f8", ">f4", "<f2" })
        {
            Assert.Equal(
                "float32 (2, 1, 1, 3)", PythonFactAttribute.Run(_folder["twice.py"], _folder["x.npy"], _folder["twice.npy"], type).Trim());
            var twice = ImageArray.Read(_folder["twice.npy"]);
            Assert.Equal(values.Select(value => 2 * value), twice[0].ToArray().Concat(twice[1].ToArray()));
        }
    }

    [Theory]
    [InlineData(
        "'<f4', 'fortran_order': False, 'shape': (2, 3)", 24, "expected images of shape [N, C, H, W] or [N, H, W], but found shape (2, 3)")]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (0, 1, 2, 2)", 0, "expected images of shape [N, C, H, W]")]
    [InlineData("'<c8', 'fortran_order': False, 'shape': (1, 1, 2, 1)", 16, "expected real numbers, but found type <c8")]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (1, 1, 2, 3)", 16, "does not fit in the 16 bytes of data")]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (99999, 99999, 99999, 99999)", 16, "does not fit")]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (1, 1, 2, 2)", 16, "image 0 has a pixel of 217", 217)]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (1, 1, 2, 2)", 16, "image 0 has a pixel of NaN", float.NaN)]
    public void A_file_of_another_kind_is_refused_in_one_line_that_names_it(string header, int bytes, string expected, float pixel = 0)
    {
        using (var file = File.Create(_folder["x.npy"]))
        {
            var text = $"{{'descr': {header}, }}".PadRight(117) + "\n";
            file.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(text)]);
            for (var i = 0; i < bytes / 4; i++)
            {
                file.Write(BitConverter.GetBytes(pixel));
            }
        }

        var message = Assert.Throws<InvalidDataException>(() => ImageArray.Read(_folder["x.npy"])).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith(_folder["x.npy"], message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains(
            "none.npy", Assert.Throws<FileNotFoundException>(() => ImageArray.Read(_folder["none.npy"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Pixels_that_make_no_whole_images_are_rejected() =>
        Assert.Throws<ArgumentException>(() => new ImageArray(new float[7], 1, 2, 3));

    [Fact]
    public void Channels_last_become_channels_first()
    {
        float[] last = [.. Enumerable.Range(0, 2 * 3 * 4 * 5).Select(i => i / 200f)]; // [2, 3, 4, 5] as N, H, W, C.
        var first = new ImageArray([.. last], 3, 4, 5).FromChannelsLast();
        Assert.Equal((2, 5, 3, 4), (first.Count, first.Channels, first.Height, first.Width));
        for (var i = 0; i < last.Length; i++)
        {
            var (n, y, x, c) = (i / 60, i / 20 % 3, i / 5 % 4, i % 5);
            Assert.Equal(last[i], first[n][(((c * 3) + y) * 4) + x]);
        }
    }

    [Fact]
    public void Grey_is_repeated_and_colour_is_not()
    {
        var grey = new ImageArray([0.1f, 0.2f, 0.3f, 0.4f], 1, 1, 2);
        Assert.Equal([0.3f, 0.4f, 0.3f, 0.4f, 0.3f, 0.4f], grey.RepeatChannel(3)[1].ToArray());
        Assert.Throws<InvalidOperationException>(() => grey.RepeatChannel(3).RepeatChannel(3));
    }

    [Fact]
    public void Three_dimensions_are_images_of_one_channel()
    {
        new ImageArray([0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f], 1, 1, 3).Save(_folder["x.npy"]);
        var bytes = File.ReadAllBytes(_folder["x.npy"]);
        var text = System.Text.Encoding.Latin1.GetString(bytes).Replace("(2, 1, 1, 3)", "(2, 1, 3)   ", StringComparison.Ordinal);
        File.WriteAllBytes(_folder["x.npy"], System.Text.Encoding.Latin1.GetBytes(text));
        var images = ImageArray.Read(_folder["x.npy"]);
        Assert.Equal((2, 1, 1, 3), (images.Count, images.Channels, images.Height, images.Width));
        Assert.Equal([0.4f, 0.5f, 0.6f], images[1].ToArray());
    }

    [PythonFact]
    public void Pixels_of_every_type_and_order_of_NumPy_are_brought_to_0_to_1()
    {
        File.WriteAllText(_folder["write.py"], """
            import sys, numpy
            x = (numpy.arange(2 * 3 * 4 * 5) * 2).reshape(2, 3, 4, 5)
            for t in ['B', 'h', 'H', 'i', 'L', '>i4']:
                numpy.save(f'{sys.argv[1]}/whole{ord(t[-1])}{len(t)}.npy', x.astype(t))
            numpy.save(f'{sys.argv[1]}/wholeF.npy', numpy.asfortranarray(x.astype('B')))
            numpy.save(f'{sys.argv[1]}/bytes.npy', x.astype('f'))
            numpy.save(f'{sys.argv[1]}/wide.npy', (x * 257).astype('H'))
            numpy.save(f'{sys.argv[1]}/bits.npy', x > 100)
            numpy.save(f'{sys.argv[1]}/fortran.npy', numpy.asfortranarray((x / 255).astype('f')))
            """);
        _ = PythonFactAttribute.Run(_folder["write.py"], _folder["."]);
        var expected = Enumerable.Range(0, 2 * 3 * 4 * 5).Select(i => 2 * i / 255f).ToArray();
        string[] files = [.. Directory.GetFiles(_folder["."], "whole*.npy"), _folder["wide.npy"], _folder["fortran.npy"]];
        Assert.Equal(9, files.Length);
        Assert.All(files, file => Assert.Equal(expected, Pixels(ImageArray.Read(file)), (a, b) => Math.Abs(a - b) < 1e-7));
        Assert.Equal(expected, Pixels(ImageArray.Read(_folder["bytes.npy"], PixelUnit.Byte)));
        Assert.Contains(
            "--pixels byte", Assert.Throws<InvalidDataException>(() => ImageArray.Read(_folder["bytes.npy"])).Message,
            StringComparison.Ordinal);
        Assert.Equal(expected.Select(value => value > 100 / 255f ? 1f : 0f), Pixels(ImageArray.Read(_folder["bits.npy"])));
    }

    [Fact]
    public void Normalisation_is_undone_channel_by_channel()
    {
        ChannelStatistics statistics = new([0.5, 0.25], [0.25, 0.125]);
        float[] pixels = [0, 0.25f, 0.5f, 1, 0.125f, 0.75f, 0.375f, 0.625f];
        float[] normalized =
            [.. pixels.Select((pixel, i) => (float)((pixel - statistics.Mean[i / 2 % 2]) / statistics.StandardDeviation[i / 2 % 2]))];
        new ImageArray(normalized, 2, 1, 2).Save(_folder["x.npy"]);
        Assert.Equal(pixels, Pixels(ImageArray.Read(_folder["x.npy"], PixelUnit.Normalized, statistics)));
        Assert.Equal(normalized, Pixels(ImageArray.Read(_folder["x.npy"], PixelUnit.Normalized))); // As a model without one takes them.
        Assert.Equal(normalized, Pixels(ImageArray.Read(_folder["x.npy"])));
    }

    [Theory]
    [InlineData(PixelUnit.Unit, 0, 1)]
    [InlineData(PixelUnit.Unit, -0.3f, 1.3f)] // The largest ε in use, not clipped.
    [InlineData(PixelUnit.Normalized, -2.1f, 2.6f)] // ImageNet's statistics.
    [InlineData(PixelUnit.Normalized, -1, 1)] // 0.5 and 0.5.
    [InlineData(PixelUnit.Normalized, -0.42f, 2.8f)] // MNIST's.
    [InlineData(PixelUnit.Normalized, -0.5f, 0.5f)] // Centred.
    [InlineData(PixelUnit.Byte, 0, 255)]
    [InlineData(PixelUnit.Byte, 0, 12)]
    public void The_unit_shows_in_how_far_pixels_leave_0_to_1(PixelUnit expected, float least, float most)
    {
        ImageArray images = new([least, most, 0, 1], 1, 2, 2);
        Assert.Equal(expected, images.GuessUnit());
        Assert.Equal((Math.Min(least, 0), Math.Max(most, 1)), images.Range);
    }

    private static float[] Pixels(ImageArray images) => [.. Enumerable.Range(0, images.Count).SelectMany(i => images[i].ToArray())];
}
