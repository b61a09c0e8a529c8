using System.Text.RegularExpressions;
using MarginNet.Tests.Checkpoints;

namespace MarginNet.Tests.Native;

public sealed class DiagnosisTests
{
    private static readonly KernelFinding Right = new("convolution", 1e-6, 1e-6);
    private static readonly KernelFinding Wrong = new("transposed convolution", double.PositiveInfinity, 1e-6);
    private static readonly KernelFinding Hopeless = new("grouped convolution, channels last", 0.4, 0.4);

    private static readonly TorchDiagnosis Torch = new()
    {
        TorchSharp = "0.107.0",
        Version = "2.10.0",
        CanSwitchOneDnn = true,
        Threads = 2,
        GpuCount = 0,
        Kernels = new([Right], IsRemembered: false),
    };

    private static readonly Diagnosis Well = new()
    {
        Version = "0.1.0",
        Torch = Torch,
        MemoryBytes = 8 * Diagnosis.LeastBytes,
        AvailableMemoryBytes = Diagnosis.LeastBytes,
        FreeDiskBytes = Diagnosis.LeastBytes,
    };

    [Fact]
    public void Nothing_is_wrong_with_a_machine_that_computes_rightly_and_has_a_gibibyte_of_memory_and_disk() =>
        Assert.Empty(Well.Problems);

    [Fact]
    public void A_disk_that_does_not_tell_its_size_is_no_problem() => Assert.Empty((Well with { FreeDiskBytes = null }).Problems);

    [Fact]
    public void Every_problem_has_its_line() => Assert.Equal(4, (Well with
    {
        Torch = null,
        TorchFailure = "libgomp.so.1: cannot open shared object file.",
        AvailableMemoryBytes = Diagnosis.LeastBytes - 1,
        FreeDiskBytes = 0,
        CacheFailure = "Access to the path is denied.",
    }).Problems.Length);

    [Fact]
    public void Kernels_that_are_right_without_oneDNN_are_named_with_what_that_means()
    {
        var problem = Assert.Single(With(Right, Wrong).Problems);
        Assert.StartsWith(
            "oneDNN computes 'transposed convolution' wrongly on this processor. Networks used through MarginNet stay right",
            problem,
            StringComparison.Ordinal);
    }

    [Fact]
    public void The_cure_of_hidden_caches_is_to_show_them() =>
        Assert.Contains(
            "tells the sizes of the caches", Assert.Single((With(Wrong) with { FirstCacheBytes = 0 }).Problems), StringComparison.Ordinal);

    [Fact]
    public void Kernels_that_are_wrong_without_oneDNN_too_go_first() =>
        Assert.StartsWith(
            "LibTorch computes 'grouped convolution, channels last' wrongly", Assert.Single(With(Right, Wrong, Hopeless).Problems),
            StringComparison.Ordinal);

    [Fact]
    public void Why_LibTorch_does_not_load_is_the_problem() =>
        Assert.Equal("there is none", Assert.Single((Well with { Torch = null, TorchFailure = "there is none" }).Problems));

    [Fact]
    public void The_facts_of_this_machine_are_gathered()
    {
        var found = Diagnosis.Make();
        Assert.Matches("^0.1.0", found.Version);
        Assert.InRange(found.AvailableMemoryBytes, 1, found.MemoryBytes);
        Assert.Null(found.TorchFailure);
        Assert.Equal(5, found.Torch!.Kernels.Findings.Length);
        Assert.False(found.Torch.Kernels.IsRemembered);
        Assert.True(found.Torch.Kernels.AreRightWithoutOneDnn);
        Assert.NotNull(found.OnnxRuntime);
        Assert.InRange(found.Torch.Threads, 1, 1024);
    }

    [LinuxFact]
    public void LibTorch_tells_the_version_of_oneDNN_and_its_instructions()
    {
        var torch = Diagnosis.Make().Torch!;
        Assert.Matches(new Regex(@"^\d+\.\d+\.\d+$"), torch.OneDnn!);
        Assert.Matches(new Regex("^(AVX512|AVX2|DEFAULT)"), torch.KernelInstructions!);
        Assert.True(File.Exists(torch.Library));
    }

    private static Diagnosis With(params KernelFinding[] findings) =>
        Well with { Torch = Torch with { Kernels = new([.. findings], IsRemembered: false) }, FirstCacheBytes = 32768 };
}
