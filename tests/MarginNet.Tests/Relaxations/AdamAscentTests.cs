using MarginNet.Relaxations;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Steps of Adam against those of TorchSharp's.</summary>
public sealed class AdamAscentTests
{
    [Fact]
    public void Steps_are_those_of_Adam_down_the_negative()
    {
        using var scope = NewDisposeScope();
        var start = randn(20, dtype: ScalarType.Float64);
        var (target, idle) = (randn(20, dtype: ScalarType.Float64), zeros(3, ScalarType.Float64, requires_grad: true));
        var own = start.clone().requires_grad_();
        var expected = new TorchSharp.Modules.Parameter(start.clone());
        using var ascent = new AdamAscent([own, idle], 0.1);
        using var adam = optim.Adam([expected], 0.1);
        for (var i = 0; i < 30; i++)
        {
            Height(own).backward();
            ascent.Step();
            ascent.Rate *= 0.9;
            adam.zero_grad();
            (-Height(expected)).backward();
            adam.step();
            adam.ParamGroups.Single().LearningRate *= 0.9;
        }

        Assert.True((own - expected).abs().max().item<double>() < 1e-12);
        Assert.Equal(0, idle.abs().max().item<double>()); // Nothing depends on it.

        Tensor Height(Tensor x) => -(x - target).pow(2).sum() - x.abs().sum();
    }
}
