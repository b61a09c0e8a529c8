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
                    ? (random.Pick(start, start - size),
                        random.Pick(end, end == size ? random.Pick(int.MaxValue, long.MaxValue) : end - size), step)
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

    [Fact]
    public void Squeeze_and_Unsqueeze_are_ONNX_Runtimes()
    {
        var random = new Random(6);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var set = random.Pick(11, 13);
            var it = new OperatorCase(random.Integers(2, 4, axes), set);
            var count = random.Next(1, 3);
            long[] added = [.. random.Order(axes + count).Take(count).Select(axis => axis + 1)];
            string With(string type, string x, long[] which) => set < 13 ? it.Node(type, [x], [("axes", which)])
                : it.Node(type, [x, it.Constant([which.Length], which)]);
            var wide = With(
                "Unsqueeze", OperatorCase.Input, [.. added.Select(axis => random.Next(2) == 0 ? axis : axis - axes - 1 - count)]);
            if (random.Next(3) > 0)
            {
                With("Squeeze", wide, [.. added.Take(random.Next(1, count + 1))]);
            }

            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(18)]
    public void Split_is_ONNX_Runtimes(int operatorSet)
    {
        var random = new Random(7);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var (axes, parts) = (random.Next(1, 4), random.Next(1, 4));
            var image = random.Integers(1, 4, axes);
            var axis = random.Next(axes);
            var sizes = random.Integers(1, 3, parts);
            image[axis] = sizes.Sum();
            var it = new OperatorCase(image, operatorSet);
            (string, object) along = ("axis", (long)axis + 1 - (random.Next(2) * (axes + 1)));
            if (operatorSet == 11)
            {
                it.Node("Split", [OperatorCase.Input], [along, ("split", sizes)], parts);
            }
            else if (operatorSet == 13 || image[axis] % parts != 0)
            {
                it.Node("Split", [OperatorCase.Input, it.Constant([parts], sizes)], [along], parts);
            }
            else
            {
                it.Node("Split", [OperatorCase.Input], [along, ("num_outputs", (long)parts)], parts);
            }

            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void Gather_is_ONNX_Runtimes()
    {
        var random = new Random(8);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var image = random.Integers(1, 5, axes);
            var it = new OperatorCase(image);
            var axis = random.Next(axes);
            var shape = random.Integers(1, 3, random.Next(0, 3));
            var count = (int)shape.Aggregate(1L, (product, size) => product * size);
            var places = random.Integers((int)-image[axis], (int)image[axis] - 1, count);
            it.Node("Gather", [OperatorCase.Input, it.Constant(shape, places)], [("axis", (long)axis + 1 - (random.Next(2) * (axes + 1)))]);
            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void Expand_and_Tile_are_ONNX_Runtimes()
    {
        var random = new Random(9);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var image = random.Integers(1, 3, random.Next(1, 4));
            var it = new OperatorCase(image);
            if (random.Next(2) == 0)
            {
                long[] repeats = [1, .. random.Integers(1, 3, image.Length)];
                it.Node("Tile", [OperatorCase.Input, it.Constant([repeats.Length], repeats)]);
            }
            else
            {
                long[] shape = [1, .. image.Select(size => size == 1 ? random.Next(1, 4) : random.Pick(1, size))];
                shape = random.Next(2) == 0 ? shape : [random.Next(1, 3), .. shape];
                it.Node("Expand", [OperatorCase.Input, it.Constant([shape.Length], shape)]);
            }

            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void A_token_for_each_image_is_ONNX_Runtimes()
    {
        var random = new Random(10);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var (length, width) = (random.Next(1, 5), random.Next(1, 5));
            var it = new OperatorCase([length, width]);
            var token = it.Constant([1, 1, width], () => OperatorCase.Normal(random));
            var shape = it.Node("Shape", [OperatorCase.Input]);
            var images = it.Node("Gather", [shape, it.Constant([], [0L])], [("axis", 0L)]);
            var list = it.Node("Unsqueeze", [images, it.Constant([1], [0L])]);
            var target = it.Node("Concat", [list, it.Constant([2], [1L, random.Pick(1, width)])], [("axis", 0L)]);
            var each = it.Node("Expand", [token, target]);
            it.Node("Concat", [each, OperatorCase.Input], [("axis", 1L)]);
            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Theory]
    [InlineData("DepthToSpace")]
    [InlineData("SpaceToDepth")]
    public void Squares_of_pixels_for_channels_are_ONNX_Runtimes(string type)
    {
        var random = new Random(11);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var (side, channels) = (random.Next(1, 4), random.Next(1, 4));
            var it = new OperatorCase(type == "DepthToSpace"
                ? [channels * side * side, random.Next(1, 4), random.Next(1, 4)]
                : [channels, side * random.Next(1, 4), side * random.Next(1, 4)]);
            (string, object)[] mode = type == "DepthToSpace" ? [("mode", random.Pick("DCR", "CRD"))] : [];
            it.Node(type, [OperatorCase.Input], [("blocksize", (long)side), .. mode]);
            Assert.InRange(it.Difference(random), 0, 0);
        }
    }

    [Fact]
    public void CumSum_is_ONNX_Runtimes()
    {
        var random = new Random(12);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var it = new OperatorCase(random.Integers(1, 5, axes));
            it.Node(
                "CumSum", [OperatorCase.Input, it.Constant([], [random.Next(1, axes + 1) - (random.Next(2) * (long)(axes + 1))])],
                [("exclusive", (long)random.Next(2)), ("reverse", (long)random.Next(2))]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Theory]
    [InlineData("ReduceProd")]
    [InlineData("ReduceLogSumExp")]
    public void A_reduction_is_ONNX_Runtimes(string type)
    {
        var random = new Random(13);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var it = new OperatorCase(random.Integers(1, 5, axes));
            long[] along = [.. random.Order(axes).Take(random.Next(1, axes + 1)).Select(axis => axis + 1)];
            it.Node(type, [OperatorCase.Input], [("axes", along), ("keepdims", (long)random.Next(2))]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Fact]
    public void Einsum_is_ONNX_Runtimes()
    {
        var random = new Random(14);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var (rows, inner, columns) = (random.Next(1, 5), random.Next(1, 5), random.Next(1, 5));
            var it = new OperatorCase([rows, inner]);
            double Normal() => OperatorCase.Normal(random);
            var weight = it.Constant([inner, columns], Normal);
            switch (random.Next(4))
            {
                case 0: it.Node("Einsum", [OperatorCase.Input, weight], [("equation", "nij,jk->nik")]); break;
                case 1: it.Node("Einsum", [OperatorCase.Input, weight], [("equation", "nij, jk -> nk")]); break;
                case 2: it.Node("Einsum", [OperatorCase.Input, OperatorCase.Input], [("equation", "nij,nkj->nik")]); break;
                default: it.Node("Einsum", [OperatorCase.Input], [("equation", "nij->nji")]); break;
            }

            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }
}
