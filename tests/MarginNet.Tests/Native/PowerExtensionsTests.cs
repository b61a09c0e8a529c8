using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

public sealed class PowerExtensionsTests
{
    [Fact]
    public void A_square_and_its_gradient_are_LibTorchs_to_the_last_bit()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var ours = randn(1000, requires_grad: true);
        var theirs = ours.detach().clone().requires_grad_();
        var (mine, its) = (ours.Squared(), theirs.square());
        Assert.True(mine.equal(its).all().item<bool>());
        mine.sum().backward();
        its.sum().backward();
        Assert.True(ours.grad!.equal(theirs.grad!).all().item<bool>());
        Assert.True(ours.abs().Power(0.25).equal(ours.abs().pow(0.25)).all().item<bool>());
    }

    [Fact]
    public async Task Exponents_survive_collections_within_the_call()
    {
        using var stop = new CancellationTokenSource();
        var collecting = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        using var x = ones(64);
        for (var i = 0; i < 100_000; i++)
        {
            using var square = x.Squared();
            using var root = x.Power(0.5);
        }

        await stop.CancelAsync();
        await collecting;
        using var sum = x.Squared().sum();
        Assert.Equal(64, sum.item<float>());
    }
}
