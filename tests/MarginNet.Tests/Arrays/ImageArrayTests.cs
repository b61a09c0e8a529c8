using System.Text;
using MarginNet.Arrays;

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
            Assert.Equal("float32 (2, 1, 1, 3)", PythonFactAttribute.Run(_folder["twice.py"], _folder["x.npy"], _folder["twice.npy"], type).Trim());
            var twice = ImageArray.Read(_folder["twice.npy"]);
            Assert.Equal(values.Select(value => 2 * value), twice[0].ToArray().Concat(twice[1].ToArray()));
        }
    }

    [Theory]
    [InlineData("'<f4', 'fortran_order': False, 'shape': (2, 3)", 24, "expected images of shape [N, C, H, W] or [N, H, W], but found shape (2, 3)")]
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
        Assert.Contains("none.npy", Assert.Throws<FileNotFoundException>(() => ImageArray.Read(_folder["none.npy"])).Message, StringComparison.Ordinal);

    [Fact]
    public void Pixels_that_make_no_whole_images_are_rejected() => Assert.Throws<ArgumentException>(() => new ImageArray(new float[7], 1, 2, 3));

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
}
