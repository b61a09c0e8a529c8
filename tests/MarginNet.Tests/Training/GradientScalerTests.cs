using MarginNet.Checkpoints;
using MarginNet.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class GradientScalerTests
{
    private const double First = 65536; // PyTorch's GradScaler, as its halving, its doubling and its 2,000 steps.

    [Fact]
    public void A_step_is_the_one_without_a_scale()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(Trained(isOn: false, steps: 5, gradient: 0.5f), Trained(isOn: true, steps: 5, gradient: 0.5f));
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(float.NaN)]
    public void A_step_whose_gradient_is_not_finite_is_left_out_and_halves_the_scale(float gradient)
    {
        using var scope = NewDisposeScope();
        var scaler = new GradientScaler(isOn: true);
        var (weight, optimizer) = Problem();
        Assert.False(Step(scaler, weight, optimizer, gradient));
        Assert.Equal(1, weight.item<float>());
        Assert.Equal(First / 2, scaler.Scale);
        Assert.True(Step(scaler, weight, optimizer, 1));
        Assert.Equal(First / 2, scaler.Scale);
    }

    [Fact]
    public void The_scale_doubles_after_2000_steps_in_a_row_that_were_taken()
    {
        using var scope = NewDisposeScope();
        var scaler = new GradientScaler(isOn: true);
        var (weight, optimizer) = Problem();
        for (var i = 0; i < 1999; i++)
        {
            Step(scaler, weight, optimizer, 0);
        }

        Assert.Equal(First, scaler.Scale);
        Step(scaler, weight, optimizer, 0);
        Assert.Equal(2 * First, scaler.Scale);
        Assert.Equal(0, scaler.Steps);
    }

    [Fact]
    public void It_goes_on_from_what_was_captured()
    {
        using var scope = NewDisposeScope();
        var (scaler, restored) = (new GradientScaler(isOn: true), new GradientScaler(isOn: true));
        var (weight, optimizer) = Problem();
        Step(scaler, weight, optimizer, float.NaN);
        Step(scaler, weight, optimizer, 1);
        restored.Restore(new PlainDictionary(scaler.Capture(), "scaler"));
        Assert.Equal((scaler.Scale, scaler.Steps), (restored.Scale, restored.Steps));
        Assert.Equal((First / 2, 1), (restored.Scale, restored.Steps));
        var damaged = scaler.Capture();
        damaged["scale"] = -1.0;
        Assert.Throws<InvalidDataException>(() => restored.Restore(new PlainDictionary(damaged, "scaler")));
    }

    private static float Trained(bool isOn, int steps, float gradient)
    {
        var scaler = new GradientScaler(isOn);
        var (weight, optimizer) = Problem();
        for (var i = 0; i < steps; i++)
        {
            Assert.True(Step(scaler, weight, optimizer, gradient));
        }

        return weight.item<float>();
    }

    private static (Parameter Weight, OptimizerHelper Optimizer) Problem()
    {
        var weight = nn.Parameter(ones(1));
        return (weight, optim.SGD([weight], 0.25));
    }

    /// <summary>A step whose gradient is the one stated.</summary>
    private static bool Step(GradientScaler scaler, Parameter weight, OptimizerHelper optimizer, float gradient)
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        scaler.Backward((weight * gradient).sum());
        return scaler.Step(optimizer, () => optimizer.step());
    }
}
