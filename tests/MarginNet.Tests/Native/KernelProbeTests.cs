using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

public sealed class KernelProbeTests
{
    [Fact]
    public void Every_kind_of_convolution_is_right_without_oneDNN()
    {
        var report = KernelProbe.Run();
        Assert.All(report.Findings, finding => Assert.InRange(finding.ErrorWithoutOneDnn, 0, 1e-5));
        Assert.True(report.AreRightWithoutOneDnn);
        Assert.Equal(report.AreRight, report.Findings.All(finding => finding.Error <= KernelFinding.Tolerance));
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(1e-3)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_kernel_that_is_wrong_with_oneDNN_alone_is_found_in_its_kind_alone(double fault)
    {
        var report = KernelProbe.Run(
            (it, x, w) => Spoil(Exact(it, x, w), it.IsTransposed && OneDnn.IsOn && x.dtype == ScalarType.Float32 ? fault : 0));
        var finding = Assert.Single(report.Findings, finding => !finding.IsRight);
        Assert.Equal("transposed convolution", finding.Kind);
        Assert.True(finding.IsRightWithoutOneDnn);
        Assert.False(report.AreRight);
        Assert.True(report.AreRightWithoutOneDnn);
    }

    [Fact]
    public void A_kernel_that_is_always_wrong_is_found_so()
    {
        var report = KernelProbe.Run((it, x, w) => Spoil(Exact(it, x, w), it.Groups > 1 && x.dtype == ScalarType.Float32 ? 0.1 : 0));
        Assert.False(report.AreRightWithoutOneDnn);
        Assert.Equal("grouped convolution, channels last", Assert.Single(report.Findings, finding => !finding.IsRightWithoutOneDnn).Kind);
    }

    [Fact]
    public void Rounding_is_no_fault()
    {
        Assert.True(KernelProbe.Run((it, x, w) => Spoil(Exact(it, x, w), x.dtype == ScalarType.Float32 ? 1e-6 : 0)).AreRight);
    }

    [Fact]
    public void A_report_is_read_as_it_was_written_and_a_damaged_one_is_none()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "deeper", "kernels.json");
        Assert.Null(KernelMemory.Read(path));
        var report = new KernelReport(
            [.. KernelProbe.Cases.Select((it, i) => new KernelFinding(it.Kind, i == 0 ? double.PositiveInfinity : 1e-7 * i, 2e-7))],
            IsRemembered: false);
        KernelMemory.Write(path, report);
        var read = KernelMemory.Read(path)!;
        Assert.True(read.IsRemembered);
        Assert.Equal(report.Findings.AsEnumerable(), read.Findings);
        File.WriteAllText(path, File.ReadAllText(path)[..^5]);
        Assert.Null(KernelMemory.Read(path));
        File.WriteAllText(path, "[]"); // Of a version with other kinds.
        Assert.Null(KernelMemory.Read(path));
    }

    [Fact]
    public void The_processor_has_a_name_and_an_instruction_set()
    {
        Assert.NotEmpty(Processor.Name);
        Assert.NotEmpty(Processor.InstructionSet);
        Assert.NotNull(TorchNative.Library);
    }

    /// <summary>A convolution that no kernel of oneDNN computes.</summary>
    private static Tensor Exact(ConvolutionCase it, Tensor input, Tensor kernel)
    {
        long[] steps = [it.Stride, it.Stride], padding = [it.Kernel / 2, it.Kernel / 2];
        var (x, w) = (input.to(ScalarType.Float64), kernel.to(ScalarType.Float64));
        var output = it.IsTransposed
            ? nn.functional.conv_transpose2d(x, w, strides: steps, padding: padding)
            : nn.functional.conv2d(x, w, strides: steps, padding: padding, groups: it.Groups);
        return output.to(input.dtype);
    }

    /// <summary>Adds a share of the largest number to one of them.</summary>
    private static Tensor Spoil(Tensor values, double share)
    {
        if (share == 0)
        {
            return values;
        }

        var change = zeros(values.shape, dtype: values.dtype);
        change.view(-1)[0] = share * values.detach().abs().max().ToDouble();
        return values + change;
    }
}
