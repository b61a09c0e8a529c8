using MarginNet.Arrays;
using MarginNet.Evaluation;
using MarginNet.Margins;
using MarginNet.Tests.PValues;

namespace MarginNet.Tests.Evaluation;

public sealed class TemperatureScalingTests
{
    private const int Classes = 4;

    [Theory]
    [InlineData(0.1)]
    [InlineData(1)]
    [InlineData(25)]
    public void The_temperature_of_probabilities_that_were_scaled_is_found_again(double temperature)
    {
        var (values, labels) = Draw(20_000, temperature);
        var found = TemperatureScaling.Fit(new ScoreMatrix(values, Classes), labels);
        Assert.InRange(found / temperature, 0.95, 1.05); // five standard deviations at this number of samples
    }

    [Fact]
    public void No_temperature_nearby_has_a_smaller_likelihood_loss_and_the_calibration_error_falls()
    {
        var (values, labels) = Draw(4000, temperature: 8);
        var scores = new ScoreMatrix(values, Classes);
        var found = TemperatureScaling.Fit(scores, labels);
        var best = Loss(found);
        Assert.True(best <= Loss(found * 1.001) && best <= Loss(found / 1.001));
        Assert.True(Error(found) < 0.03 && Error(1) > 0.1);

        double Loss(double t) => EvaluationReport.Compute(scores, labels, new() { Temperature = t }).NegativeLogLikelihood;
        double Error(double t) => EvaluationReport.Compute(scores, labels, new() { Temperature = t }).ExpectedCalibrationError;
    }

    [Fact]
    public void Scores_a_hundred_times_as_large_have_a_temperature_a_hundred_times_as_high()
    {
        var (values, labels) = Draw(500, temperature: 2);
        var small = TemperatureScaling.Fit(new ScoreMatrix(values, Classes), labels);
        var large = TemperatureScaling.Fit(new ScoreMatrix([.. values.Select(value => 100 * value)], Classes), labels);
        Assert.Equal(100, large / small, 1e-3);
    }

    [Fact]
    public void Scores_in_double_precision_have_the_same_temperature()
    {
        var (values, labels) = Draw(500, temperature: 2);
        var logits = new NumericArray(Array.ConvertAll(values, value => (double)value), 500, Classes, IsVector: false);
        var found = TemperatureScaling.Fit(logits, labels);
        Assert.Equal(TemperatureScaling.Fit(new ScoreMatrix(values, Classes), labels), found, 1e-6);
        labels[3] = Classes;
        Assert.Throws<ArgumentOutOfRangeException>(() => TemperatureScaling.Fit(logits, labels));
        Assert.Throws<ArgumentException>(() => TemperatureScaling.Fit(logits, labels.AsSpan(1)));
    }

    [Fact]
    public void Decisions_that_are_all_right_want_the_lowest_temperature_and_a_coin_the_highest()
    {
        Assert.Equal(1e-4, TemperatureScaling.Fit(new ScoreMatrix([1, 0, 0, 1], 2), [0, 1]), 1e-6);
        Assert.Equal(1e4, TemperatureScaling.Fit(new ScoreMatrix([1, 0, 1, 0], 2), [0, 1]), 1);
    }

    [Fact]
    public void Labels_that_are_none_and_temperatures_that_are_none_are_rejected()
    {
        var scores = new ScoreMatrix([1, 0, 0, 1], 2);
        Assert.ThrowsAny<ArgumentException>(() => TemperatureScaling.Fit(scores, [0]));
        Assert.ThrowsAny<ArgumentException>(() => TemperatureScaling.Fit(scores, [0, 2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.Compute(scores, [0, 1], new() { Temperature = 0 }));
    }

    /// <summary>Scores f and labels drawn from softmax(f/T).</summary>
    private static (float[] Values, int[] Labels) Draw(int count, double temperature)
    {
        var random = new Random(4);
        var (values, labels) = (new float[count * Classes], new int[count]);
        for (var i = 0; i < count; i++)
        {
            double[] logits = [.. Enumerable.Range(0, Classes).Select(_ => 1.5 * random.Normal())];
            var remaining = random.NextDouble() * logits.Sum(Math.Exp);
            for (var c = 0; c < Classes; c++)
            {
                values[(i * Classes) + c] = (float)(temperature * logits[c]);
                labels[i] += (remaining -= Math.Exp(logits[c])) > 0 && c < Classes - 1 ? 1 : 0;
            }
        }

        return (values, labels);
    }
}
