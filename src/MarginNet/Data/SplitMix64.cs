namespace MarginNet.Data;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): a 64-bit counter and a mixing
/// function. Its values are the same on every platform and in every version of .NET, which those of <see cref="Random"/> need not be.
/// </summary>
internal struct SplitMix64
{
    private const ulong Golden = 0x9E3779B97F4A7C15; // 2⁶⁴ / φ, odd
    private const double UnitOf53Bits = 1.0 / (1UL << 53);

    private ulong _state;

    /// <summary>Starts an independent stream for each sequence of keys, such as (seed, epoch) or (seed, split, index).</summary>
    public SplitMix64(params ReadOnlySpan<long> keys)
    {
        foreach (var key in keys)
        {
            _state ^= (ulong)key;
            _state = NextUInt64();
        }
    }

    public ulong NextUInt64()
    {
        _state += Golden;
        var z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Returns a uniform integer in [0, <paramref name="bound"/>), bound ≥ 1; its bias is below 2⁻³².</summary>
    public int Next(int bound) => (int)Math.BigMul(NextUInt64(), (ulong)bound, out _);

    /// <summary>Returns a uniform number in [0, 1), a multiple of 2⁻⁵³.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * UnitOf53Bits;

    /// <summary>Returns a uniform number in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public double Next(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Permutes <paramref name="values"/> uniformly at random (Fisher and Yates).</summary>
    public void Shuffle(Span<int> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
