using System.Buffers.Binary;
using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>
/// The stored state of a random generator on the CPU, a Mersenne twister. LibTorch ends the process where it finds the state
/// invalid, and reads past its words where their position and the number left do not fit, so both are checked first.
/// </summary>
internal static class GeneratorState
{
    // The layout of CPUGeneratorImplState: seed, words left, whether seeded, position of the next word, words, normal variates.
    private const int Length = 5056;
    private const int Left = 8;
    private const int Seeded = 12;
    private const int Next = 16;
    private const int Words = 624;

    /// <summary>Makes the tensor that a generator takes; the caller disposes it.</summary>
    /// <exception cref="InvalidDataException">No generator is ever in that state.</exception>
    public static Tensor ToTensor(StoredTensor stored)
    {
        if (stored is not { Type: ScalarType.Byte, Shape: [Length] })
        {
            throw new InvalidDataException(
                $"Expected the {Length} bytes of a random generator, but found {stored.Type} [{string.Join(", ", stored.Shape)}].");
        }

        var state = stored.Data.Span;
        var (left, next) = (BinaryPrimitives.ReadInt32LittleEndian(state[Left..]), BinaryPrimitives.ReadUInt64LittleEndian(state[Next..]));
        var isFresh = left == 1 && next == 0; // Seeded, with no words made yet.
        var isUnderWay = left is >= 1 and <= Words && next == (ulong)(Words + 1 - left);
        return BinaryPrimitives.ReadInt32LittleEndian(state[Seeded..]) == 1 && (isFresh || isUnderWay)
            ? stored.ToTensor()
            : throw new InvalidDataException($"A random generator never has {left} words left at position {next}.");
    }
}
