namespace MarginNet.Tests.Graph;

public sealed class ResizeTests
{
    [Theory]
    [InlineData("nearest")]
    [InlineData("linear")]
    [InlineData("cubic")]
    public void Resize_is_ONNX_Runtimes(string mode)
    {
        var random = new Random(1);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            long[] image = [random.Next(1, 3), .. random.Integers(2, 7, 2)];
            var it = new OperatorCase(image);
            (string, object)[] attributes =
            [
                ("mode", mode),
                ("coordinate_transformation_mode", random.Pick("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")),
                .. mode == "nearest" ? [("nearest_mode", random.Pick("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"))]
                    : mode == "cubic" ? [("cubic_coeff_a", random.Pick(-0.75f, -0.5f)), ("exclude_outside", (long)random.Next(2))]
                    : Array.Empty<(string, object)>(),
            ];
            // Quarters, so that places come out the same whichever way they are computed.
            float[] scales = [1, 1, .. Enumerable.Range(0, 2).Select(_ => random.Next(2, 13) / 4f)];
            if (random.Next(2) == 0)
            {
                it.Node("Resize", [OperatorCase.Input, "", it.Constant([4], scales)], attributes);
            }
            else
            {
                var sizes = it.Node(
                    "Concat",
                    [
                        it.Node("Slice", [it.Node("Shape", [OperatorCase.Input]), it.Constant([1], [0L]), it.Constant([1], [2L])]),
                        it.Constant([2], [image[1] * random.Next(1, 3), image[2] * random.Next(1, 3)]),
                    ],
                    [("axis", 0L)]);
                it.Node("Resize", [OperatorCase.Input, "", "", sizes], attributes);
            }

            var difference = it.Difference(random);
            Assert.True(difference <= 1e-5, $"{difference}: {it.ToModel()}");
        }
    }

    [Theory]
    [InlineData("nearest")]
    [InlineData("linear")]
    public void Upsample_is_ONNX_Runtimes(string mode)
    {
        var random = new Random(2);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var it = new OperatorCase([random.Next(1, 3), .. random.Integers(1, 5, 2)], operatorSet: 9);
            float[] scales = [1, 1, random.Next(1, 4), random.Next(1, 4)];
            it.Node("Upsample", [OperatorCase.Input, it.Constant([4], scales)], [("mode", mode)]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }
}
