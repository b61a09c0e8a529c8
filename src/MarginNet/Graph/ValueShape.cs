using System.Collections.Immutable;

namespace MarginNet.Graph;

/// <summary>The shape of a value in a graph, the batch among its sizes.</summary>
/// <param name="sizes">Its sizes; none for a scalar.</param>
internal readonly struct ValueShape(params ImmutableArray<Dimension> sizes) : IEquatable<ValueShape>
{
    private const long Most = 1L << 32; // Numbers in one value of one image: more is no network but an attack.

    /// <summary>The sizes.</summary>
    public ImmutableArray<Dimension> Sizes => sizes.IsDefault ? [] : sizes;

    public int Rank => Sizes.Length;

    /// <summary>The axis that goes with the number of images; null where there is none, or more than one.</summary>
    public int? BatchAxis => Sizes.Count(size => size.IsPerImage) == 1 ? Sizes.IndexOf(Sizes.First(size => size.IsPerImage)) : null;

    /// <summary>All numbers in it.</summary>
    /// <exception cref="InvalidDataException">There are too many, or the batch is in it twice.</exception>
    public Dimension Count
    {
        get
        {
            var count = new Dimension(1);
            foreach (var size in Sizes)
            {
                if (size.Count < 0 || (size.Count != 0 && count.Count > Most / size.Count) || (size.IsPerImage && count.IsPerImage))
                {
                    throw new InvalidDataException($"Its shape {this} has more numbers than can be.");
                }

                count = new(count.Count * size.Count, count.IsPerImage || size.IsPerImage);
            }

            return count;
        }
    }

    /// <summary>The size of an axis, negative ones counted from the end.</summary>
    public Dimension this[int axis] => Sizes[axis < 0 ? axis + Rank : axis];

    /// <summary>A shape without a batch.</summary>
    public static ValueShape Of(IEnumerable<long> sizes) => new([.. sizes.Select(size => new Dimension(size))]);

    /// <summary>The sizes with so many images.</summary>
    public long[] At(long images) => [.. Sizes.Select(size => size.At(images))];

    /// <summary>The same with another size at an axis.</summary>
    public ValueShape With(int axis, Dimension size) => new(Sizes.SetItem(axis < 0 ? axis + Rank : axis, size));

    public bool Equals(ValueShape other) => Sizes.AsSpan().SequenceEqual(other.Sizes.AsSpan());

    public override bool Equals(object? obj) => obj is ValueShape other && Equals(other);

    public override int GetHashCode() => Sizes.Aggregate(0, HashCode.Combine);

    public static bool operator ==(ValueShape left, ValueShape right) => left.Equals(right);

    public static bool operator !=(ValueShape left, ValueShape right) => !left.Equals(right);

    /// <summary>Such as <c>[N, 3, 32, 32]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", Sizes)}]";
}
