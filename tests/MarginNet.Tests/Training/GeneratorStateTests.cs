using System.Buffers.Binary;
using MarginNet.Checkpoints;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class GeneratorStateTests
{
    [Fact]
    public void A_generator_goes_on_from_any_state_that_it_was_in()
    {
        using var scope = NewDisposeScope();
        for (var drawn = 0; drawn < 1300; drawn++) // Twice through its 624 words.
        {
            using var step = NewDisposeScope();
            var (generator, other) = (new Generator(5), new Generator(6));
            rand(drawn, generator: generator);
            var state = StoredTensor.FromTensor(generator.get_state());
            other.set_state(GeneratorState.ToTensor(state));
            Assert.Equal(rand(3, generator: generator).data<float>().ToArray(), rand(3, generator: other).data<float>().ToArray());
        }
    }

    /// <summary>LibTorch ends the process at the first four; the others it takes, and may read beyond the words.</summary>
    [Theory]
    [InlineData(0, 1, 0UL)]
    [InlineData(625, 1, 0UL)]
    [InlineData(1, 0, 624UL)]
    [InlineData(1, 1, 625UL)]
    [InlineData(5, 1, 624UL)]
    [InlineData(624, 1, 0UL)]
    [InlineData(1, 2, 624UL)]
    [InlineData(1, 1, ulong.MaxValue - 31)]
    [InlineData(1, 1, (1UL << 32) + 624)]
    public void A_state_that_no_generator_is_ever_in_is_refused(int left, int seeded, ulong next)
    {
        using var scope = NewDisposeScope();
        var bytes = new Generator(5).get_state().bytes.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), left);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), seeded);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), next);
        Assert.Throws<InvalidDataException>(() => GeneratorState.ToTensor(new(ScalarType.Byte, [bytes.Length], bytes)));
    }
}
