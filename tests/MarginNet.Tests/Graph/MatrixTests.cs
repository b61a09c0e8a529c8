namespace MarginNet.Tests.Graph;

public sealed class MatrixTests
{
    [Fact]
    public void Gemm_is_ONNX_Runtimes()
    {
        var random = new Random(1);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var (inner, outputs, isTransposed) = (random.Next(1, 9), random.Next(1, 9), random.Next(2) == 0);
            var it = new OperatorCase([inner]);
            double Normal() => OperatorCase.Normal(random);
            var weight = it.Constant(isTransposed ? [outputs, inner] : [inner, outputs], Normal);
            string[] bias = random.Next(5) switch
            {
                0 => [],
                1 => [it.Constant([], Normal)],
                2 => [it.Constant([1], Normal)],
                3 => [it.Constant([1, outputs], Normal)],
                _ => [it.Constant([outputs], Normal)],
            };
            (string, object)[] attributes = random.Next(2) == 0 ? [] : [("alpha", (float)Normal()), ("beta", (float)Normal())];
            it.Node("Gemm", [OperatorCase.Input, weight, .. bias], [.. attributes, ("transB", isTransposed ? 1L : 0)]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Fact]
    public void Gemm_with_the_weight_on_the_left_and_images_in_columns_is_ONNX_Runtimes()
    {
        var random = new Random(2);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var (inner, outputs, isTransposed) = (random.Next(1, 9), random.Next(1, 9), random.Next(2) == 0);
            var it = new OperatorCase([inner]);
            double Normal() => OperatorCase.Normal(random);
            var weight = it.Constant(isTransposed ? [inner, outputs] : [outputs, inner], Normal);
            var columns = it.Node(
                "Gemm", [weight, OperatorCase.Input, it.Constant([outputs, 1], Normal)],
                [("transA", isTransposed ? 1L : 0), ("transB", 1L)]);
            it.Node("Transpose", [columns]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Fact]
    public void MatMul_by_a_weight_is_ONNX_Runtimes()
    {
        var random = new Random(3);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var axes = random.Next(1, 4);
            var image = random.Integers(1, 5, axes);
            var it = new OperatorCase(image);
            double Normal() => OperatorCase.Normal(random);
            var other = random.Next(1, 6);
            // Axes before the matrix: none, or those of the input from the end on, or ones.
            var outer = axes < 3 || random.Next(2) == 0 ? [] : new[] { random.Pick(image[^3], 1) };
            var isLeft = axes > 1 && random.Next(2) == 0;
            string[] inputs = isLeft ? [it.Constant([.. outer, other, image[^2]], Normal), OperatorCase.Input]
                : random.Next(6) == 0 && axes > 1 ? [OperatorCase.Input, it.Constant([image[^1]], Normal)]
                : [OperatorCase.Input, it.Constant([.. outer, image[^1], other], Normal)];
            it.Node("MatMul", inputs);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Fact]
    public void MatMul_of_a_value_with_itself_turned_is_ONNX_Runtimes()
    {
        var random = new Random(4);
        for (var trial = 0; trial < Draws.Trials; trial++)
        {
            var it = new OperatorCase(random.Integers(1, 5, 3));
            var turned = it.Node("Transpose", [OperatorCase.Input], [("perm", new long[] { 0, 1, 3, 2 })]);
            it.Node("MatMul", [OperatorCase.Input, turned]);
            Assert.InRange(it.Difference(random), 0, 1e-5);
        }
    }

    [Fact]
    public void A_product_over_the_images_is_refused()
    {
        var it = new OperatorCase([3]);
        var turned = it.Node("Transpose", [OperatorCase.Input]);
        it.Node("MatMul", [turned, OperatorCase.Input]);
        it.Refuses("Node 'MatMul1_0' (MatMul): It gets [3, N] and [N, 3]");
    }
}
