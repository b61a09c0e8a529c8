using MarginNet.Serving;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace MarginNet.Tests.Serving;

public sealed class MarginNetOptionsTests
{
    [Fact]
    public void Options_are_those_of_the_section_and_then_of_the_code()
    {
        var options = Bind(
            new()
            {
                ["MarginNet:Model"] = "a.onnx",
                ["MarginNet:ClassNames:0"] = "cat",
                ["MarginNet:ClassNames:1"] = "dog",
                ["MarginNet:Alpha"] = "0.02",
                ["MarginNet:MaxBatchSize"] = "8",
                ["MarginNet:MaxWait"] = "00:00:00.005",
                ["MarginNet:ReloadInterval"] = "00:01:00",
                ["MarginNet:DriftAlpha"] = "0",
            },
            options => options.MaxBatchSize *= 2);
        Assert.Equal(["cat", "dog"], options.ClassNames);
        Assert.Equal(
            ("a.onnx", 0.02, 16, TimeSpan.FromMilliseconds(5), TimeSpan.FromMinutes(1), 0, 1024),
            (options.Model, options.Alpha, options.MaxBatchSize, options.MaxWait, options.ReloadInterval, options.DriftAlpha,
                options.QueueLimit));
    }

    [Theory]
    [InlineData("Model", "", "MarginNet:Model is not given: name the model file.")]
    [InlineData("Alpha", "1", "MarginNet:Alpha is 1: expected a share in (0, 1), or nothing.")]
    [InlineData("MaxBatchSize", "0", "MarginNet:MaxBatchSize is 0: expected 1 to 65536.")]
    [InlineData("MaxWait", "-00:00:01", "MarginNet:MaxWait is -00:00:01: expected 0 to 00:01:00.")]
    [InlineData("QueueLimit", "0", "MarginNet:QueueLimit is 0: expected 1 or more.")]
    [InlineData(
        "ConcurrentBatches", "-1", "MarginNet:ConcurrentBatches is -1: expected 0 for one a core, or a number of batches.")]
    [InlineData("Threads", "-1", "MarginNet:Threads is -1: expected 0 for all cores, or a number of threads.")]
    [InlineData("ReloadInterval", "2.00:00:00", "MarginNet:ReloadInterval is 2.00:00:00: expected 0 for never, to 1.00:00:00.")]
    [InlineData("DriftAlpha", "1", "MarginNet:DriftAlpha is 1: expected 0 for no watch, or a probability below 1.")]
    [InlineData("DriftWindow", "9", "MarginNet:DriftWindow is 9: expected 10 or more.")]
    public void A_wrong_option_is_named_with_its_value_and_what_is_expected(string option, string value, string expected)
    {
        var refusal = Assert.Throws<OptionsValidationException>(
            () => Bind(new() { ["MarginNet:Model"] = "a.onnx", [$"MarginNet:{option}"] = value }));
        Assert.Equal(expected, refusal.Message);
    }

    [Theory]
    [InlineData("MaxBatchSize", "many", "'MarginNet:MaxBatchSize'")]
    [InlineData("MaxBatch", "3", "'MaxBatch'")]
    public void What_is_no_number_or_no_option_is_named(string option, string value, string expected) => Assert.Contains(
        expected,
        Assert.Throws<OptionsValidationException>(
            () => Bind(new() { ["MarginNet:Model"] = "a.onnx", [$"MarginNet:{option}"] = value })).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Without_a_configuration_the_code_is_enough() => Assert.Equal("b.onnx", new ServiceCollection()
        .AddMarginNet(options => options.Model = "b.onnx")
        .BuildServiceProvider()
        .GetRequiredService<IOptions<MarginNetOptions>>().Value.Model);

    [Fact]
    public void The_start_of_a_host_validates_them() => Assert.Throws<OptionsValidationException>(() => new ServiceCollection()
        .AddMarginNet()
        .BuildServiceProvider()
        .GetRequiredService<IStartupValidator>()
        .Validate());

    private static MarginNetOptions Bind(Dictionary<string, string?> values, Action<MarginNetOptions>? configure = null) =>
        new ServiceCollection()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(values).Build())
            .AddMarginNet(configure)
            .BuildServiceProvider()
            .GetRequiredService<IOptions<MarginNetOptions>>().Value;
}
