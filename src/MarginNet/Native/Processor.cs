using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace MarginNet.Native;

/// <summary>What the processor says of itself.</summary>
internal static class Processor
{
    private const int Extended = unchecked((int)0x80000000);
    private const uint ExtendedBrand = 0x80000004;
    private const int IntelCaches = 4;
    private const int AmdCaches = Extended + 0x1d;

    /// <summary>Its name, such as <c>AMD EPYC</c>.</summary>
    public static string Name { get; } = Brand();

    /// <summary>The widest instructions it has.</summary>
    public static string InstructionSet { get; } =
        Avx512BW.IsSupported ? "AVX-512" : Avx2.IsSupported
            ? "AVX2"
            : Avx.IsSupported ? "AVX" : Sse41.IsSupported ? "SSE4.1" : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>Whether it has instructions for products in bfloat16.</summary>
    public static bool HasBFloat16 { get; } = X86Base.IsSupported && Avx512BW.IsSupported && Features() is var (first, second)
        && (((second >> 5) & 1) == 1 || ((first >> 22) & 1) == 1); // AVX512_BF16, AMX-BF16

    /// <summary>
    /// The bytes of a core's first data cache; 0 where it does not say, as under hypervisors that hide it;
    /// null where the question has no meaning. oneDNN sizes its blocks by it:
    /// version 3.7 computes many convolutions wrongly where it is told 0.
    /// </summary>
    public static int? FirstCacheBytes { get; } = X86Base.IsSupported ? FirstCache() : null;

    private static string Brand()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(Extended, 0).Eax < ExtendedBrand)
        {
            return RuntimeInformation.ProcessArchitecture.ToString();
        }

        var registers = Enumerable.Range(2, 3).SelectMany(leaf =>
        {
            var (a, b, c, d) = X86Base.CpuId(Extended + leaf, 0);
            return new[] { a, b, c, d };
        }).ToArray();
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(registers.AsSpan())).TrimEnd('\0').Trim();
    }

    private static (int First, int Second) Features()
    {
        const int Extensions = 7;
        var (most, _, _, _) = X86Base.CpuId(0, 0);
        if (most < Extensions)
        {
            return (0, 0);
        }

        var (leaves, _, _, first) = X86Base.CpuId(Extensions, 0);
        return (first, leaves >= 1 ? X86Base.CpuId(Extensions, 1).Eax : 0);
    }

    private static int FirstCache()
    {
        var (most, _, _, _) = X86Base.CpuId(0, 0);
        var (mostExtended, _, _, _) = X86Base.CpuId(Extended, 0);
        var size = most >= IntelCaches ? Cache(IntelCaches) : 0;
        return size > 0 || (uint)mostExtended < unchecked((uint)AmdCaches) ? size : Cache(AmdCaches);
    }

    /// <summary>The first data cache of level 1: ways × partitions × line × sets.</summary>
    private static int Cache(int leaf)
    {
        for (var index = 0; index < 8; index++)
        {
            var (a, b, c, _) = X86Base.CpuId(leaf, index);
            var (type, level) = (a & 0x1f, (a >> 5) & 7);
            if (type == 0)
            {
                break;
            }

            if (type != 2 && level == 1)
            {
                return (((b >> 22) & 0x3ff) + 1) * (((b >> 12) & 0x3ff) + 1) * ((b & 0xfff) + 1) * (c + 1);
            }
        }

        return 0;
    }
}
