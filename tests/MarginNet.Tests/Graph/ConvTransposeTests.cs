namespace MarginNet.Tests.Graph;

public sealed class ConvTransposeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ConvTranspose_is_ONNX_Runtimes(int axes)
    {
        var random = new Random(axes);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var groups = random.Next(1, 4);
            var (channels, outputs) = (groups * random.Next(1, 4), random.Next(1, 4));
            var sizes = random.Integers(4, 6, axes);
            var (kernel, strides) = (random.Integers(1, 4, axes), random.Integers(1, 3, axes));
            var it = new OperatorCase([channels, .. sizes]);
            double Normal() => OperatorCase.Normal(random);
            string[] bias = random.Next(2) == 0 ? [] : [it.Constant([outputs * groups], Normal)];
            var weight = it.Constant([channels, outputs, .. kernel], Normal);
            (string, object)[] padding = random.Next(4) switch
            {
                0 => [("auto_pad", random.Pick("SAME_UPPER", "SAME_LOWER"))],
                1 => [("output_shape", sizes.Select((size, i) => (size * strides[i]) - random.Next(2)).ToArray())],
                _ =>
                [
                    ("pads", (long[])[.. kernel.Concat(kernel).Select(side => (long)random.Next((int)side))]),
                    ("output_padding", (long[])[.. strides.Select(stride => (long)random.Next((int)stride))]),
                    ("dilations", random.Integers(1, 2, axes)),
                ],
            };
            it.Node("ConvTranspose", [OperatorCase.Input, weight, .. bias], [.. padding, ("strides", strides), ("group", (long)groups)]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }
}
