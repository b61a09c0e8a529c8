namespace MarginNet.Tests.Graph;

public sealed class ConvolutionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Conv_is_ONNX_Runtimes(int axes)
    {
        var random = new Random(axes);
        for (var trial = 0; trial < 200; trial++)
        {
            var groups = random.Next(1, 4);
            var (channels, outputs) = (groups * random.Next(1, 4), groups * random.Next(1, 4));
            long[] Draw(int least, int most, int count) => [.. Enumerable.Range(0, count).Select(_ => (long)random.Next(least, most + 1))];
            var kernel = Draw(1, 4, axes);
            var it = new OperatorCase([channels, .. Draw(9, 12, axes)]);
            double Normal() => OperatorCase.Normal(random);
            string[] bias = random.Next(2) == 0 ? [] : [it.Constant([outputs], Normal)];
            var padding = random.Next(4) switch
            {
                0 => ("auto_pad", (object)"SAME_UPPER"),
                1 => ("auto_pad", "SAME_LOWER"),
                _ => ("pads", Draw(0, 3, 2 * axes)),
            };
            var weight = it.Constant([outputs, channels / groups, .. kernel], Normal);
            // ONNX Runtime takes automatic padding without dilation only.
            var dilations = padding.Item1 == "pads" ? Draw(1, 2, axes) : Draw(1, 1, axes);
            it.Node("Conv", [OperatorCase.Input, weight, .. bias], [
                padding, ("strides", Draw(1, 3, axes)), ("dilations", dilations), ("group", (long)groups),
            ]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }
}
