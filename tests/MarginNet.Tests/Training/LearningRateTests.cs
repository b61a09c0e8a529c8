using MarginNet.Training;

namespace MarginNet.Tests.Training;

public sealed class LearningRateTests
{
    [Theory]
    [InlineData(LearningRateSchedule.Constant, 0.0, 1)]
    [InlineData(LearningRateSchedule.Constant, 0.9, 1)]
    [InlineData(LearningRateSchedule.Cosine, 0.0, 1)]
    [InlineData(LearningRateSchedule.Cosine, 0.5, 0.5)]
    [InlineData(LearningRateSchedule.Cosine, 1.0, 0)]
    [InlineData(LearningRateSchedule.OneCycle, 0.0, 0.04)]
    [InlineData(LearningRateSchedule.OneCycle, 0.15, 0.52)]
    [InlineData(LearningRateSchedule.OneCycle, 0.3, 1)]
    [InlineData(LearningRateSchedule.OneCycle, 1.0, 4e-6)] // 1 / (25 · 10⁴), as PyTorch's OneCycleLR ends by default.
    public void The_factor_passes_through_its_known_points(LearningRateSchedule schedule, double progress, double factor) =>
        Assert.Equal(factor, LearningRate.Factor(schedule, progress), 1e-12);

    [Fact]
    public void A_cycle_rises_to_its_peak_and_falls_from_it()
    {
        var factors = Enumerable.Range(0, 101).Select(i => LearningRate.Factor(LearningRateSchedule.OneCycle, i / 100.0)).ToArray();
        Assert.Equal(factors[..31].Order(), factors[..31]);
        Assert.Equal(factors[30..].OrderDescending(), factors[30..]);
    }
}
