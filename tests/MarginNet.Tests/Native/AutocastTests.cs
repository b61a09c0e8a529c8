using MarginNet.Native;
using static TorchSharp.torch;
using DeviceType = TorchSharp.DeviceType;

namespace MarginNet.Tests.Native;

public sealed class AutocastTests
{
    [Fact]
    public void This_LibTorch_exports_it() => Assert.True(Autocast.CanSwitch);

    [Theory]
    [InlineData(Precision.BFloat16, ScalarType.BFloat16)]
    [InlineData(Precision.Float16, ScalarType.Float16)]
    [InlineData(Precision.Float32, ScalarType.Float32)]
    public void Products_have_the_type_of_the_innermost_scope(Precision precision, ScalarType expected)
    {
        using (Autocast.Use(precision, DeviceType.CPU))
        {
            Assert.Equal(expected, Product());
            using (Autocast.Off(DeviceType.CPU))
            {
                Assert.Equal(ScalarType.Float32, Product());
                using (Autocast.Use(Precision.Float16, DeviceType.CPU))
                {
                    Assert.Equal(ScalarType.Float16, Product());
                }

                Assert.Equal(ScalarType.Float32, Product());
            }

            Assert.Equal(expected, Product());
        }

        Assert.Equal(ScalarType.Float32, Product());
    }

    [Fact]
    public void An_exception_leaves_the_state_as_it_was()
    {
        var before = (Autocast.IsOn(DeviceType.CPU), Autocast.Type(DeviceType.CPU));
        Assert.Throws<InvalidDataException>(Fail);
        Assert.Equal(before, (Autocast.IsOn(DeviceType.CPU), Autocast.Type(DeviceType.CPU)));
        Assert.Equal(ScalarType.Float32, Product());

        static void Fail()
        {
            using var outer = Autocast.Use(Precision.Float16, DeviceType.CPU);
            using var inner = Autocast.Off(DeviceType.CPU);
            throw new InvalidDataException();
        }
    }

    [Fact]
    public void One_thread_does_not_feel_another()
    {
        using var reduced = Autocast.Use(Precision.BFloat16, DeviceType.CPU);
        var seen = ScalarType.Byte;
        var thread = new Thread(() => seen = Product());
        thread.Start();
        thread.Join();
        Assert.Equal(ScalarType.Float32, seen);
    }

    [Fact]
    public void A_weight_that_changes_between_two_scopes_is_cast_anew()
    {
        using var scope = NewDisposeScope();
        var (weight, input) = (ones(2, 2).requires_grad_(), ones(2, 2));
        Assert.Equal(2, Value());
        using (no_grad())
        {
            weight.mul_(3);
        }

        Assert.Equal(6, Value());

        float Value()
        {
            using var reduced = Autocast.Use(Precision.BFloat16, DeviceType.CPU);
            return input.mm(weight)[0, 0].to(ScalarType.Float32).item<float>();
        }
    }

    private static ScalarType Product()
    {
        using var scope = NewDisposeScope();
        return ones(2, 2).mm(ones(2, 2)).dtype;
    }
}
