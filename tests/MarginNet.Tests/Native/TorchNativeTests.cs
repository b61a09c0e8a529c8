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
}
