using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Tests.Checkpoints;

public sealed class StoredTensorTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int8)]
    [InlineData(ScalarType.Int16)]
    [InlineData(ScalarType.Int32)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Byte)]
    [InlineData(ScalarType.Bool)]
    public void A_tensor_of_torch_comes_back_equal_and_its_numbers_are_those_of_torch(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var original = tensor(new[] { 0f, 1f, 2.5f, 100f }).reshape(2, 2).to(type);
        var stored = StoredTensor.FromTensor(original);
        Assert.Equal([2L, 2L], stored.Shape.ToArray());
        var back = stored.ToTensor();
        Assert.Equal(type, back.dtype);
        Assert.True(back.equal(original).all().item<bool>());
        Assert.Equal(original.to(float64).data<double>().ToArray(), stored.ToDoubles());
    }

    [Fact]
    public void A_transposed_tensor_is_stored_in_row_major_order()
    {
        using var scope = NewDisposeScope();
        var stored = StoredTensor.FromTensor(arange(6, dtype: float64).reshape(2, 3).t());
        Assert.Equal([3L, 2L], stored.Shape.ToArray());
        Assert.Equal([0, 3, 1, 4, 2, 5], stored.ToDoubles());
    }

    [Fact]
    public void A_tensor_that_requires_a_gradient_is_stored_without_it()
    {
        using var scope = NewDisposeScope();
        var back = StoredTensor.FromTensor(ones(2, requires_grad: true) * 2).ToTensor();
        Assert.False(back.requires_grad);
    }

    [Fact]
    public void A_tensor_outlives_the_scope_that_stored_it_and_the_caller_owns_the_new_one()
    {
        using var scope = NewDisposeScope();
        StoredTensor? stored = null;
        Assert.Equal(1, LiveTensors.LeftBy(() => stored = StoredTensor.FromTensor(ones(2))));
        Assert.Equal(1, LiveTensors.LeftBy(() => stored!.ToTensor()));
        Assert.Equal(0, LiveTensors.LeftBy(() => stored!.ToTensor().Dispose()));
    }

    [Theory]
    [InlineData(new long[] { 0 })]
    [InlineData(new long[] { 3, 0, 2 })]
    public void An_empty_tensor_becomes_an_empty_tensor(long[] shape)
    {
        using var empty = new StoredTensor(ScalarType.Float32, [.. shape], default).ToTensor();
        Assert.Equal(shape, empty.shape);
    }

    [Fact]
    public void A_scalar_becomes_a_tensor_without_dimensions()
    {
        using var scalar = new StoredTensor(ScalarType.Float64, [], BitConverter.GetBytes(2.5)).ToTensor();
        Assert.Equal(0, scalar.dim());
        Assert.Equal(2.5, scalar.item<double>());
    }

    [Fact]
    public void Doubles_come_back_bit_for_bit()
    {
        double[] values = [0.0, -0.0, double.NaN, double.Epsilon, double.NegativeInfinity, Math.PI];
        var stored = StoredTensor.FromDoubles(values);
        Assert.Equal([6L], stored.Shape.ToArray());
        Assert.Equal(values.Select(BitConverter.DoubleToInt64Bits), stored.ToDoubles().Select(BitConverter.DoubleToInt64Bits));
    }

    [Theory]
    [InlineData(new long[] { 3 })]
    [InlineData(new long[] { -2 })]
    [InlineData(new long[] { long.MaxValue, 2 })]
    [InlineData(new long[] { long.MaxValue, long.MaxValue, 0 })]
    public void A_shape_that_does_not_fit_the_data_is_refused(long[] shape) =>
        Assert.Throws<ArgumentException>(() => new StoredTensor(ScalarType.Float32, [.. shape], new byte[8]));

    [Fact]
    public void A_complex_tensor_is_refused() =>
        Assert.Throws<ArgumentException>(() => new StoredTensor(ScalarType.ComplexFloat32, [1], new byte[8]));
}
