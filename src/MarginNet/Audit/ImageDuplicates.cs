using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MarginNet.Data;

namespace MarginNet.Audit;

/// <summary>Images that come more than once, and images of nothing.</summary>
/// <param name="Pairs">Each image with the first one before it that is the same, or nearly; exact ones first found so.</param>
/// <param name="Constant">The images all of whose pixels are of one colour, such as empty ones.</param>
public sealed record ImageDuplicates(ImmutableArray<ImagePair> Pairs, ImmutableArray<int> Constant)
{
    /// <summary>The most bits of the difference hash of 64 in which nearly equal images differ.</summary>
    public const int MaxHashDistance = 4;

    /// <summary>The largest root mean squared difference of the pixels of nearly equal images, of 0 to 255.</summary>
    public const double MaxPixelDistance = 12;

    private const int Bands = MaxHashDistance + 1; // Two hashes that differ in as many bits agree in one band of them at least.

    /// <summary>Finds them: equal images by a digest of their bytes, nearly equal ones by hashes that differ in at most
    /// <see cref="MaxHashDistance"/> bits and pixels in at most <see cref="MaxPixelDistance"/>.</summary>
    /// <param name="images">The images, best of training and test together (<see cref="ImageSet.Concat"/>).</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ImageDuplicates Find(ImageSet images, CancellationToken cancellation = default)
    {
        var isConstant = new bool[images.Count];
        var (digests, hashes) = (new UInt128[images.Count], new ulong[images.Count]);
        Parallel.For(0, images.Count, new() { CancellationToken = cancellation }, i =>
        {
            var pixels = images.Pixels(i);
            isConstant[i] = IsConstant(pixels, images.Channels);
            digests[i] = MemoryMarshal.Read<UInt128>(SHA256.HashData(pixels));
            hashes[i] = DifferenceHash.Compute(images, i);
        });

        var pairs = new List<ImagePair>();
        var originals = new List<int>(); // Neither copies nor constant.
        var first = new Dictionary<UInt128, int>();
        for (var i = 0; i < images.Count; i++)
        {
            if (!first.TryAdd(digests[i], i))
            {
                pairs.Add(new(first[digests[i]], i, IsExact: true, Distance: 0));
            }
            else if (!isConstant[i])
            {
                originals.Add(i);
            }
        }

        pairs.AddRange(FindNear(images, originals, hashes, cancellation));
        return new(
            [.. pairs.OrderBy(pair => pair.First).ThenBy(pair => pair.Second)],
            [.. Enumerable.Range(0, images.Count).Where(i => isConstant[i])]);
    }

    /// <summary>Each image with the earlier ones that are nearly equal, the nearest of them.</summary>
    private static List<ImagePair> FindNear(
        ImageSet images, List<int> originals, ulong[] hashes, CancellationToken cancellation)
    {
        var bands = new Dictionary<ulong, List<int>>[Bands];
        for (var b = 0; b < Bands; b++)
        {
            bands[b] = [];
        }

        var (found, seen) = (new List<ImagePair>(), new HashSet<int>());
        foreach (var i in originals)
        {
            cancellation.ThrowIfCancellationRequested();
            seen.Clear();
            ImagePair? nearest = null;
            for (var b = 0; b < Bands; b++)
            {
                var band = Band(hashes[i], b);
                if (!bands[b].TryGetValue(band, out var others))
                {
                    bands[b].Add(band, others = []);
                }

                foreach (var other in others)
                {
                    if (BitOperations.PopCount(hashes[i] ^ hashes[other]) <= MaxHashDistance && seen.Add(other)
                        && PixelDistance(images.Pixels(i), images.Pixels(other)) is var distance && distance <= MaxPixelDistance
                        && !(distance >= nearest?.Distance))
                    {
                        nearest = new(other, i, IsExact: false, distance);
                    }
                }

                others.Add(i);
            }

            if (nearest is { } pair)
            {
                found.Add(pair);
            }
        }

        return found;
    }

    /// <summary>The b-th part of a hash's 64 bits.</summary>
    private static ulong Band(ulong hash, int b)
    {
        var (start, end) = (b * 64 / Bands, (b + 1) * 64 / Bands);
        return (hash >> start) & ((1UL << (end - start)) - 1);
    }

    private static double PixelDistance(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var sum = 0L;
        for (var i = 0; i < first.Length; i++)
        {
            var difference = first[i] - second[i];
            sum += difference * difference;
        }

        return Math.Sqrt((double)sum / first.Length);
    }

    private static bool IsConstant(ReadOnlySpan<byte> pixels, int channels)
    {
        var plane = pixels.Length / channels;
        for (var c = 0; c < channels; c++)
        {
            if (pixels.Slice(c * plane, plane) is var own && own.IndexOfAnyExcept(own[0]) >= 0)
            {
                return false;
            }
        }

        return true;
    }
}
