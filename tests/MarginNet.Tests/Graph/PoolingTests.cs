namespace MarginNet.Tests.Graph;

public sealed class PoolingTests
{
    [Theory]
    [InlineData("MaxPool", 1)]
    [InlineData("MaxPool", 2)]
    [InlineData("AveragePool", 1)]
    [InlineData("AveragePool", 2)]
    public void Pooling_is_ONNX_Runtimes(string type, int axes)
    {
        var random = new Random(axes);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var kernel = random.Integers(1, 4, axes);
            var it = new OperatorCase([random.Next(1, 4), .. random.Integers(9, 12, axes)]);
            // ONNX Runtime pads for a stride within the window only.
            var isAutomatic = random.Next(3) == 0;
            long[] strides = [.. kernel.Select(side => (long)random.Next(1, isAutomatic ? (int)side + 1 : 4))];
            List<(string, object)> attributes = [("kernel_shape", kernel), ("strides", strides)];
            if (isAutomatic)
            {
                attributes.Add(("auto_pad", random.Pick("SAME_UPPER", "SAME_LOWER", "VALID")));
            }
            else
            {
                attributes.Add(("pads", (long[])[.. kernel.Concat(kernel).Select(side => (long)random.Next((int)side))]));
                attributes.Add(("ceil_mode", (long)random.Next(2)));
                if (type == "MaxPool")
                {
                    attributes.Add(("dilations", random.Integers(1, 2, axes)));
                }
            }

            if (type == "AveragePool")
            {
                attributes.Add(("count_include_pad", (long)random.Next(2)));
            }

            it.Node(type, [OperatorCase.Input], [.. attributes]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Theory]
    [InlineData("GlobalAveragePool")]
    [InlineData("GlobalMaxPool")]
    public void Global_pooling_is_ONNX_Runtimes(string type)
    {
        var random = new Random(1);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var it = new OperatorCase(random.Integers(1, 6, random.Next(2, 4)));
            it.Node(type, [OperatorCase.Input]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Fact]
    public void The_places_of_a_maximum_are_refused()
    {
        var it = new OperatorCase([1, 4, 4]);
        it.Node("MaxPool", [OperatorCase.Input], [("kernel_shape", new long[] { 2, 2 })], outputs: 2);
        it.Refuses("Node 'MaxPool0_0' (MaxPool): Its second output, the places of the largest numbers, is not known here.");
    }
}
