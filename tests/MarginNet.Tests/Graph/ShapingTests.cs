namespace MarginNet.Tests.Graph;

public sealed class ShapingTests
{
    [Fact]
    public void Transpose_is_ONNX_Runtimes()
    {
        var random = new Random(1);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 5);
            var it = new OperatorCase(random.Integers(1, 5, axes));
            it.Node("Transpose", [OperatorCase.Input], random.Next(8) == 0 ? [] : [("perm", random.Order(axes + 1))]);
            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void Concat_is_ONNX_Runtimes()
    {
        var random = new Random(2);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var image = random.Integers(1, 5, axes);
            var it = new OperatorCase(image);
            var axis = random.Next(1, axes + 1);
            var part = random.Next(2) == 0 ? OperatorCase.Input
                : it.Node("Concat", [OperatorCase.Input, OperatorCase.Input], [("axis", (long)axis)]);
            it.Node("Concat", [part, OperatorCase.Input, part], [("axis", (long)axis - (random.Next(2) * (axes + 1)))]);
            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Theory]
    [InlineData(9)]
    [InlineData(13)]
    public void Slice_is_ONNX_Runtimes(int operatorSet)
    {
        var random = new Random(3);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var image = random.Integers(2, 7, axes);
            var it = new OperatorCase(image, operatorSet);
            long[] taken = [.. random.Order(axes).Take(random.Next(1, axes + 1)).Select(axis => axis + 1)];
            var (starts, ends, steps) = (new long[taken.Length], new long[taken.Length], new long[taken.Length]);
            for (var i = 0; i < taken.Length; i++)
            {
                var size = image[taken[i] - 1];
                var start = random.Next((int)size);
                var end = random.Next(start + 1, (int)size + 1);
                var step = operatorSet > 9 ? random.Pick(1, 1, 2, 3, -1, -2) : 1;
                (starts[i], ends[i], steps[i]) = step > 0
                    ? (random.Pick(start, start - size), random.Pick(end, end == size ? random.Pick(int.MaxValue, long.MaxValue) : end - size), step)
                    : (random.Pick(end - 1, end == size ? int.MaxValue : end - 1 - size), start == 0 ? -size - 1 : start - 1, step);
                taken[i] = random.Pick(taken[i], taken[i] - axes - 1);
            }

            if (operatorSet > 9)
            {
                long[] length = [taken.Length];
                it.Node("Slice", [
                    OperatorCase.Input, it.Constant(length, starts), it.Constant(length, ends), it.Constant(length, taken),
                    it.Constant(length, steps),
                ]);
            }
            else
            {
                it.Node("Slice", [OperatorCase.Input], [("starts", starts), ("ends", ends), ("axes", taken)]);
            }

            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void Reshape_is_ONNX_Runtimes()
    {
        var random = new Random(4);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var image = random.Integers(1, 5, random.Next(1, 4));
            var it = new OperatorCase(image);
            var count = image.Aggregate(1L, (product, size) => product * size);
            long[] target = random.Next(5) switch
            {
                0 => [0, -1],
                1 => [-1, count],
                2 => [0, .. image.Select((size, i) => random.Pick(0, size)), 1],
                3 => [0, 1, -1, image[^1]],
                _ => [0, .. image.Reverse()],
            };
            it.Node("Reshape", [OperatorCase.Input, it.Constant([target.Length], target)]);
            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void A_reshape_that_mixes_images_is_refused()
    {
        var it = new OperatorCase([6]);
        it.Node("Reshape", [OperatorCase.Input, it.Constant([2], [6L, -1])]);
        it.Refuses("Node 'Reshape0_0' (Reshape): It gets [N, 6]: expected what fits [6, N], with the numbers of an image together.");
    }

    [Theory]
    [InlineData("constant", 10)]
    [InlineData("reflect", 10)]
    [InlineData("edge", 10)]
    [InlineData("constant", 18)]
    [InlineData("reflect", 18)]
    [InlineData("edge", 18)]
    public void Pad_is_ONNX_Runtimes(string mode, int operatorSet)
    {
        var random = new Random(5);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var it = new OperatorCase(random.Integers(3, 6, axes), operatorSet);
            var least = mode == "constant" ? -1 : 0;
            var (before, after) = (random.Integers(least, 2, axes), random.Integers(least, 2, axes));
            var value = (float)OperatorCase.Normal(random);
            if (operatorSet < 11)
            {
                it.Node("Pad", [OperatorCase.Input], [("mode", mode), ("value", value), ("pads", (long[])[0, .. before, 0, .. after])]);
            }
            else
            {
                var some = random.Next(2) == 0;
                long[] pads = some ? [before[^1], after[^1]] : [0, .. before, 0, .. after];
                var number = random.Next(2) == 0 ? it.Constant([], [value]) : "";
                string[] inputs = [OperatorCase.Input, it.Constant([pads.Length], pads), number];
                it.Node("Pad", some ? [.. inputs, it.Constant([1], [-1L])] : inputs, [("mode", mode)]);
            }

            Assert.InRange(it.Difference(random), 0, 0);
        }
    }
}
