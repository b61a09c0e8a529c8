using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

public sealed class TorchNativeTests
{
    [Fact]
    public void Torch_computes_in_this_process()
    {
        using var sum = tensor(new[] { 1f, 2f, 3f }).sum();
        Assert.Equal(6f, sum.item<float>());
    }

    [Fact]
    public void LibTorch_is_not_copied_beside_the_program()
    {
        using var one = ones(1);
        Assert.False(Directory.Exists(Path.Combine(AppContext.BaseDirectory, "cpu"))); // Where TorchSharp copies it if loading fails.
    }
}
