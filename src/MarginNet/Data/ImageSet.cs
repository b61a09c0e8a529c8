using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Data;

/// <summary>
/// Labelled 8-bit images of one size, kept in memory as bytes, [N, C, H, W], and turned into floats batch by batch on the
/// device: 60,000 images of 3×32×32 take 184 MB and 20 bytes each of bookkeeping. Immutable, and safe to read from several threads.
/// Of picture files that were read with <see cref="ImageOptions.Stream"/> only the names are in memory: each use decodes them anew.
/// </summary>
public sealed class ImageSet
{
    /// <summary>The label of an image whose class is not known.</summary>
    public const int UnknownLabel = -1;

    private readonly ReadOnlyMemory<byte>[] _images; // one channel-planar image each; sets made from a set share them
    private readonly PictureStream? _stream; // where there are none, and the files have them
    private readonly int[] _labels;
    private readonly int[] _numbers;

    /// <summary>Takes over the arrays, whose images must have the right length; the bytes must not change any more.</summary>
    internal ImageSet(ReadOnlyMemory<byte>[] images, int[] labels, int channels, int height, int width)
        : this(images, labels, channels, height, width, [.. Enumerable.Range(0, images.Length)], [])
    {
    }

    /// <summary>Images that stay in their files.</summary>
    internal ImageSet(PictureStream stream, int[] labels, int channels, int height, int width, ImmutableArray<string> files)
        : this([], labels, channels, height, width, [.. Enumerable.Range(0, labels.Length)], files, stream)
    {
    }

    private ImageSet(
        ReadOnlyMemory<byte>[] images, int[] labels, int channels, int height, int width, int[] numbers, ImmutableArray<string> files,
        PictureStream? stream = null)
    {
        (_images, _labels, Channels, Height, Width, _numbers, Files) = (images, labels, channels, height, width, numbers, files);
        _stream = stream;
    }

    /// <summary>Gets the number of images, N.</summary>
    public int Count => _labels.Length;

    /// <summary>Gets the number of colour channels, C.</summary>
    public int Channels { get; }

    /// <summary>Gets the height H in pixels.</summary>
    public int Height { get; }

    /// <summary>Gets the width W in pixels.</summary>
    public int Width { get; }

    /// <summary>Gets the class of each image, shape [N]; −1 where unknown.</summary>
    public ReadOnlySpan<int> Labels => _labels;

    /// <summary>
    /// Gets the number of each image in the data set or file that it was read from, counted from 0, shape [N]: parts of a set,
    /// such as those of a split, keep the numbers that their images had in the whole.
    /// </summary>
    public ReadOnlySpan<int> Numbers => _numbers;

    /// <summary>Gets the file of each image, shape [N]; empty where images are not in files of their own.</summary>
    public ImmutableArray<string> Files { get; }

    /// <summary>Makes a set of a copy of the given pixels.</summary>
    /// <param name="pixels">The images one after the other, each channel-planar: shape [N, C, H, W].</param>
    /// <param name="labels">The class of each image, shape [N]; −1 where unknown.</param>
    /// <param name="channels">C, at least 1.</param>
    /// <param name="height">H, at least 1.</param>
    /// <param name="width">W, at least 1.</param>
    /// <returns>The set.</returns>
    /// <exception cref="ArgumentException">The sizes disagree, or a label is below −1.</exception>
    public static ImageSet Create(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> labels, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var size = (long)channels * height * width;
        if (size * labels.Length != pixels.Length)
        {
            throw new ArgumentException(
                $"Expected {labels.Length} × {channels} × {height} × {width} = {size * labels.Length} pixel bytes, "
                + $"but got {pixels.Length}.",
                nameof(pixels));
        }

        foreach (var label in labels)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(label, UnknownLabel, nameof(labels));
        }

        ReadOnlyMemory<byte> copy = pixels.ToArray();
        var images = new ReadOnlyMemory<byte>[labels.Length];
        for (var i = 0; i < images.Length; i++)
        {
            images[i] = copy.Slice(i * (int)size, (int)size);
        }

        return new ImageSet(images, labels.ToArray(), channels, height, width);
    }

    /// <summary>Joins sets of one image size, in the order given; the pixels are shared, not copied,
    /// and the images are numbered anew.</summary>
    /// <param name="sets">At least one set.</param>
    /// <returns>A set with all their images.</returns>
    /// <exception cref="ArgumentException">There is no set, or the image sizes differ.</exception>
    public static ImageSet Concat(params ReadOnlySpan<ImageSet> sets)
    {
        if (sets.IsEmpty)
        {
            throw new ArgumentException("Expected at least one image set.", nameof(sets));
        }

        var (images, labels, files) = (new List<ReadOnlyMemory<byte>>(), new List<int>(), new List<string>());
        foreach (var set in sets)
        {
            if (!set.HasSizeOf(sets[0]))
            {
                throw new ArgumentException($"Expected images of {sets[0].Size}, but got {set.Size}.", nameof(sets));
            }

            images.AddRange(set._stream is null
                ? set._images
                : Array.ConvertAll(set.Decoded([.. Enumerable.Range(0, set.Count)]), image => (ReadOnlyMemory<byte>)image));
            labels.AddRange(set._labels);
            files.AddRange(set.Files);
        }

        var joined = new ImageSet([.. images], [.. labels], sets[0].Channels, sets[0].Height, sets[0].Width);
        return files.Count == images.Count ? joined.WithFiles([.. files]) : joined;
    }

    /// <summary>Returns the bytes of one image, shape [C, H, W].</summary>
    /// <param name="index">The image, in [0, N).</param>
    /// <returns>A view of the set's own memory, or of a decoded file.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    /// <exception cref="InvalidDataException">A file that is read only now does not decode.</exception>
    public ReadOnlySpan<byte> Pixels(int index) =>
        _stream is null ? _images[Checked(index)].Span : _stream.Decode(Files[Checked(index)]);

    /// <summary>Returns the first images; their pixels are shared with this set, not copied.</summary>
    /// <param name="count">How many, at least 0; more than there are means all.</param>
    /// <returns>A set of min(<paramref name="count"/>, N) images.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public ImageSet Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return count >= Count ? this : Select([.. Enumerable.Range(0, count)]);
    }

    /// <summary>Returns images of all classes in equal numbers, as far as they reach: the first of each class, then the second,
    /// and so on.</summary>
    /// <param name="count">How many, at least 0; more than there are means all.</param>
    /// <returns>A set of min(<paramref name="count"/>, N) images, in their order in this set.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public ImageSet TakeBalanced(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var seen = new Dictionary<int, int>();
        var occurrence = Array.ConvertAll(_labels, label => seen[label] = seen.GetValueOrDefault(label) + 1);
        return Select([.. Enumerable.Range(0, Count).OrderBy(i => occurrence[i]).Take(count).Order()]);
    }

    /// <summary>Returns the images at <paramref name="indices"/>; their pixels are shared with this set, not copied.</summary>
    /// <param name="indices">Indices in [0, N), in any order; an index may come more than once.</param>
    /// <returns>A set with one image per index, in the order of the indices.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    public ImageSet Select(ReadOnlySpan<int> indices)
    {
        var (images, labels, numbers) =
            (new ReadOnlyMemory<byte>[_stream is null ? indices.Length : 0], new int[indices.Length], new int[indices.Length]);
        var files = new string[Files.IsEmpty ? 0 : indices.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            labels[i] = _labels[Checked(indices[i])];
            numbers[i] = _numbers[indices[i]];
            if (images.Length > 0)
            {
                images[i] = _images[indices[i]];
            }

            if (files.Length > 0)
            {
                files[i] = Files[indices[i]];
            }
        }

        return new ImageSet(images, labels, Channels, Height, Width, numbers, [.. files], _stream);
    }

    /// <summary>Returns the same images under other labels; their pixels are shared with this set, not copied.</summary>
    /// <param name="labels">The class of each image, shape [N]; −1 where unknown.</param>
    /// <returns>A set of N images.</returns>
    /// <exception cref="ArgumentException">There is not one label for each image, or a label is below −1.</exception>
    public ImageSet WithLabels(ReadOnlySpan<int> labels)
    {
        if (labels.Length != Count)
        {
            throw new ArgumentException($"Expected {Count} labels, one for each image, but got {labels.Length}.", nameof(labels));
        }

        foreach (var label in labels)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(label, UnknownLabel, nameof(labels));
        }

        return new(_images, labels.ToArray(), Channels, Height, Width, _numbers, Files, _stream);
    }

    /// <summary>
    /// Returns the images in another number of channels: colour becomes grey by 0.299 R + 0.587 G + 0.114 B, grey is repeated,
    /// transparency is dropped, or 255 where there was none.
    /// </summary>
    /// <param name="channels">1 for grey, 3 for RGB, 4 for RGB and transparency; or what this set has.</param>
    /// <returns>This set where it has so many channels, else one of new pixels.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such conversion.</exception>
    public ImageSet WithChannels(int channels)
    {
        if (channels == Channels)
        {
            return this;
        }

        if (channels is not (1 or 3 or 4) || Channels is not (1 or 3 or 4))
        {
            throw new ArgumentOutOfRangeException(
                nameof(channels), channels, $"Images of {Channels} channels cannot become ones of {channels}: expected 1, 3 or 4.");
        }

        var images = new ReadOnlyMemory<byte>[Count];
        for (var i = 0; i < images.Length; i++)
        {
            images[i] = Convert(Pixels(i), channels);
        }

        return new ImageSet(images, _labels, channels, Height, Width, _numbers, Files);
    }

    /// <summary>Luma of ITU-R BT.601 in Pillow's fixed point.</summary>
    internal static byte Luma(byte red, byte green, byte blue) => (byte)(((red * 19595) + (green * 38470) + (blue * 7471) + 0x8000) >> 16);

    /// <summary>The set with the file of each image.</summary>
    internal ImageSet WithFiles(ImmutableArray<string> files) => new(_images, _labels, Channels, Height, Width, _numbers, files, _stream);

    private byte[] Convert(ReadOnlySpan<byte> image, int channels)
    {
        var plane = Height * Width;
        var converted = new byte[channels * plane];
        if (channels == 1)
        {
            for (var i = 0; i < plane; i++)
            {
                converted[i] = Luma(image[i], image[plane + i], image[(2 * plane) + i]);
            }

            return converted;
        }

        for (var c = 0; c < channels; c++)
        {
            var target = converted.AsSpan(c * plane, plane);
            if (c == 3 && Channels < 4)
            {
                target.Fill(255);
            }
            else
            {
                image.Slice((Channels == 1 ? 0 : c) * plane, plane).CopyTo(target);
            }
        }

        return converted;
    }

    /// <summary>
    /// Returns the images at <paramref name="indices"/> as numbers, byte/255. The bytes are moved to the device and converted
    /// there, a quarter of the traffic of moving floats.
    /// </summary>
    /// <param name="indices">Indices in [0, N), in any order; an index may come more than once.</param>
    /// <param name="device">Where the tensor is to live; null, the default, is the CPU.</param>
    /// <returns>Shape [indices, C, H, W], float32, in [0, 1]; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    public Tensor ToTensor(ReadOnlySpan<int> indices, Device? device = null)
    {
        using var scope = NewDisposeScope();
        return ToByteTensor(indices).to(device ?? CPU).to(ScalarType.Float32).div_(255f).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the images at <paramref name="indices"/> as they are, shape [indices, C, H, W], uint8, on the CPU;
    /// the caller disposes it.</summary>
    internal Tensor ToByteTensor(ReadOnlySpan<int> indices)
    {
        var bytes = empty([indices.Length, Channels, Height, Width], dtype: ScalarType.Byte);
        var target = indices.IsEmpty ? [] : bytes.bytes;
        var decoded = _stream is null ? [] : Decoded(indices);
        for (var i = 0; i < indices.Length; i++)
        {
            var image = _stream is null ? Pixels(indices[i]) : decoded[i];
            image.CopyTo(target);
            target = target[image.Length..];
        }

        return bytes;
    }

    /// <summary>Decodes files, several at a time.</summary>
    private byte[][] Decoded(ReadOnlySpan<int> indices)
    {
        var files = new string[indices.Length];
        for (var i = 0; i < files.Length; i++)
        {
            files[i] = Files[Checked(indices[i])];
        }

        return _stream!.Decode(files);
    }

    /// <summary>Returns the labels at <paramref name="indices"/>.</summary>
    /// <param name="indices">Indices in [0, N), in any order; an index may come more than once.</param>
    /// <param name="device">Where the tensor is to live; null, the default, is the CPU.</param>
    /// <returns>Shape [indices], int64, −1 where unknown; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    public Tensor LabelTensor(ReadOnlySpan<int> indices, Device? device = null)
    {
        var labels = new long[indices.Length];
        for (var i = 0; i < labels.Length; i++)
        {
            labels[i] = _labels[Checked(indices[i])];
        }

        return tensor(labels, device: device ?? CPU);
    }

    internal bool HasSizeOf(ImageSet other) => (Channels, Height, Width) == (other.Channels, other.Height, other.Width);

    internal string Size => $"{Channels}×{Height}×{Width}";

    private int Checked(int index) => (uint)index < (uint)Count
        ? index
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"Expected an image index in [0, {Count}).");
}
