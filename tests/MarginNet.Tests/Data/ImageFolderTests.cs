using System.Buffers.Binary;
using System.IO.Hashing;
using MarginNet.Data;
using StbImageWriteSharp;

namespace MarginNet.Tests.Data;

public sealed class ImageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    internal static byte[] Png(int height, int width, ColorComponents components, int seed)
    {
        using var stream = new MemoryStream();
        new ImageWriter().WritePng(Pixels(height, width, (int)components, seed), width, height, components, stream);
        return stream.ToArray();
    }

    internal static byte[] Jpeg(int height, int width, int seed)
    {
        using var stream = new MemoryStream();
        new ImageWriter().WriteJpg(Pixels(height, width, 3, seed), width, height, ColorComponents.RedGreenBlue, stream, quality: 90);
        return stream.ToArray();
    }

    private static byte[] Pixels(int height, int width, int channels, int seed)
    {
        var pixels = new byte[height * width * channels];
        new Random(seed).NextBytes(pixels);
        return pixels;
    }

    private void WriteTwoClasses()
    {
        foreach (var split in new[] { "train", "test" })
        {
            _folder.Write(Png(4, 5, ColorComponents.RedGreenBlue, 1), split, "b", "2.png");
            _folder.Write(Jpeg(4, 5, 2), split, "b", "10.JPG");
            _folder.Write(Jpeg(9, 7, 3), split, "B", "x.jpeg");
        }

        _folder.Write(Png(4, 5, ColorComponents.Grey, 4), "train", "b", "3.png");
        _folder.Write("not an image"u8.ToArray(), "train", "b", "notes.txt");
        _folder.Write("not an image"u8.ToArray(), "train", "b", ".hidden.png");
        Directory.CreateDirectory(_folder["train", ".cache"]);
    }

    private string MessageOf<T>()
        where T : Exception
    {
        var message = Assert.Throws<T>(() => ImageFolder.Load(_folder.Path, 4, 5)).Message;
        Assert.DoesNotContain('\n', message);
        return message;
    }

    [Fact]
    public void Streamed_images_are_those_in_memory()
    {
        WriteTwoClasses();
        var options = new ImageOptions { Height = 4, Width = 5 };
        var kept = ImageFolder.Load(_folder.Path, options).Train;
        var streamed = ImageFolder.Load(_folder.Path, options with { Stream = true }).Train;
        AssertSame(kept, streamed);
        int[] few = [3, 0, 3];
        AssertSame(kept.Select(few), streamed.Select(few));
        AssertSame(kept.TakeBalanced(2), streamed.TakeBalanced(2));
        AssertSame(kept.WithLabels([1, 0, 1, -1]), streamed.WithLabels([1, 0, 1, -1]));
        AssertSame(kept.WithChannels(1), streamed.WithChannels(1));
        AssertSame(ImageSet.Concat(kept, kept.Take(1)), ImageSet.Concat(streamed, kept.Take(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => streamed.Pixels(4));

        static void AssertSame(ImageSet expected, ImageSet actual)
        {
            int[] every = [.. Enumerable.Range(0, expected.Count)];
            using var scope = TorchSharp.torch.NewDisposeScope();
            Assert.Equal(expected.Labels, actual.Labels);
            Assert.Equal(expected.Numbers, actual.Numbers);
            Assert.Equal(expected.Files.AsEnumerable(), actual.Files.AsEnumerable());
            Assert.True(expected.ToTensor(every).Equals(actual.ToTensor(every)));
            Assert.All(every, i => Assert.Equal(expected.Pixels(i), actual.Pixels(i)));
        }
    }

    [Fact]
    public void A_streamed_image_is_read_when_it_is_used_and_its_damage_told_once()
    {
        WriteTwoClasses();
        _folder.Write(Png(4, 5, ColorComponents.Grey, 4)[..40], "test", "b", "3.png");
        _folder.Write(PictureFiles.Progressive, "test", "b", "4.jpg");
        var warnings = new List<string>();
        var images = ImageFolder.Load(_folder.Path, new ImageOptions { Stream = true, Warn = warnings.Add }).Test;
        Assert.Empty(warnings);
        int[] all = [.. Enumerable.Range(0, images.Count)];
        Assert.Contains("3.png", Assert.Throws<InvalidDataException>(() => images.ToTensor(all)).Message, StringComparison.Ordinal);
        _ = images.Pixels(images.Count - 1);
        _ = images.Pixels(images.Count - 1);
        Assert.Contains("4.jpg", Assert.Single(warnings), StringComparison.Ordinal); // It asks to be turned.
    }

    [Fact]
    public void Classes_and_files_come_in_ordinal_order()
    {
        WriteTwoClasses();
        var dataset = ImageFolder.Load(_folder.Path + Path.DirectorySeparatorChar, 4, 5);
        Assert.Equal(Path.GetFileName(_folder.Path), dataset.Name);
        Assert.Equal(["B", "b"], dataset.ClassNames.AsEnumerable());
        Assert.Equal([0, 1, 1, 1], dataset.Train.Labels);
        Assert.Equal([0, 1, 1], dataset.Test.Labels);
        var second = Pixels(4, 5, 3, 1); // after 10.JPG comes 2.png, which keeps its pixels exactly
        Assert.Equal(Enumerable.Range(0, 60).Select(i => second[(i % 20 * 3) + (i / 20)]), dataset.Train.Pixels(2).ToArray());
        var grey = Pixels(4, 5, 1, 4);
        Assert.Equal([.. grey, .. grey, .. grey], dataset.Train.Pixels(3).ToArray());
    }

    [Fact]
    public void Images_of_other_sizes_are_resized()
    {
        WriteTwoClasses();
        var dataset = ImageFolder.Load(_folder.Path, 6, 3, channels: 1);
        Assert.Equal((1, 6, 3), (dataset.Train.Channels, dataset.Train.Height, dataset.Train.Width));
        Assert.Equal(18, dataset.Train.Pixels(0).Length);
    }

    [Fact]
    public void A_JPEG_of_one_colour_decodes_to_that_colour_within_rounding()
    {
        using var stream = new MemoryStream();
        byte[] pixels = [.. Enumerable.Repeat<byte[]>([200, 30, 90], 256).SelectMany(p => p)];
        new ImageWriter().WriteJpg(pixels, 16, 16, ColorComponents.RedGreenBlue, stream, 95);
        _folder.Write(stream.ToArray(), "red.jpg");
        var image = ImageFolder.ReadImages([_folder["red.jpg"]], 16, 16).Pixels(0);
        for (var i = 0; i < image.Length; i++)
        {
            Assert.InRange(image[i] - pixels[i / 256], -4, 4);
        }
    }

    [Fact]
    public void Loose_files_keep_their_order_and_have_no_class()
    {
        WriteTwoClasses();
        string[] files = [_folder["train", "b", "3.png"], _folder["train", "b", "2.png"]];
        var images = ImageFolder.ReadImages(files, 4, 5);
        Assert.Equal([-1, -1], images.Labels);
        Assert.Equal(Pixels(4, 5, 1, 4)[0], images.Pixels(0)[0]);
        Assert.Equal(Pixels(4, 5, 3, 1)[0], images.Pixels(1)[0]);
        Assert.Equal(0, ImageFolder.ReadImages([]).Count);
        Assert.Contains(
            "gone.png",
            Assert.Throws<FileNotFoundException>(() => ImageFolder.ReadImages([_folder["gone.png"]])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_in_memory_is_decoded_as_one_in_a_file()
    {
        var bytes = Png(7, 9, ColorComponents.RedGreenBlue, 1);
        _folder.Write(bytes, "a.png");
        var (fromMemory, fromFile) = (ImageFolder.DecodeImage(bytes, "upload", 4, 5), ImageFolder.ReadImages([_folder["a.png"]], 4, 5));
        Assert.Equal(fromFile.Pixels(0), fromMemory.Pixels(0));
        Assert.Equal([ImageSet.UnknownLabel], fromMemory.Labels.ToArray());
        Assert.Contains(
            "'upload' is not a complete",
            Assert.Throws<InvalidDataException>(() => ImageFolder.DecodeImage(bytes[..^9], "upload")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_image_that_does_not_decode_is_named_whatever_the_number_of_threads()
    {
        WriteTwoClasses();
        for (var i = 0; i < 50; i++)
        {
            _folder.Write(i is 20 or 21 or 40 ? [1, 2, 3] : Jpeg(4, 5, i), "train", "b", $"z{i:00}.jpg");
        }

        for (var repeat = 0; repeat < 10; repeat++)
        {
            Assert.Contains("z20.jpg", MessageOf<InvalidDataException>(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_image_cut_anywhere_is_refused()
    {
        foreach (var (whole, name) in new[] { (Png(8, 8, ColorComponents.RedGreenBlueAlpha, 1), "a.png"), (Jpeg(8, 8, 1), "a.jpg") })
        {
            for (var length = 0; length < whole.Length; length++)
            {
                var cut = whole[..length];
                var message = Assert.Throws<InvalidDataException>(
                    () => ImageFile.Decode(cut, name, new() { Height = 8, Width = 8 }, new byte[192])).Message;
                Assert.Contains(name, message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(1 << 20, 1 << 20)]
    [InlineData(8000, 4000)]
    [InlineData(0, 5)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void A_header_that_claims_absurd_dimensions_is_refused_before_decoding(int height, int width)
    {
        var bytes = Png(4, 5, ColorComponents.RedGreenBlue, 1);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(29), Crc32.HashToUInt32(bytes.AsSpan(12, 17)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => ImageFile.Decode(bytes, "absurd.png", new() { Height = 4, Width = 5 }, new byte[60]));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void An_empty_class_a_missing_class_and_a_missing_split_are_named()
    {
        Assert.Contains(_folder["train"], MessageOf<DirectoryNotFoundException>(), StringComparison.Ordinal);
        WriteTwoClasses();
        Directory.CreateDirectory(_folder["train", "c"]);
        Assert.Contains("Class 'c' is in", MessageOf<InvalidDataException>(), StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["test", "c"]);
        Assert.Contains($"'{_folder["train", "c"]}' has no", MessageOf<InvalidDataException>(), StringComparison.Ordinal);
        Directory.Delete(_folder["train", "c"]);
        Assert.Contains("Class 'c' is in", MessageOf<InvalidDataException>(), StringComparison.Ordinal);
        Directory.Delete(_folder["test", "c"]);
        Directory.Delete(_folder["train", "b"], recursive: true);
        Assert.Contains("has 1 class folders", MessageOf<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_stops_when_cancelled()
    {
        WriteTwoClasses();
        Assert.Throws<OperationCanceledException>(
            () => ImageFolder.Load(_folder.Path, cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Sizes_and_channels_that_make_no_image_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageFolder.ReadImages([], 0, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageFolder.ReadImages([], 4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageFolder.ReadImages([], 4, 4, channels: 2));
    }
}
