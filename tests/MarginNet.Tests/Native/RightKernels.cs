namespace MarginNet.Tests.Native;

/// <summary>A process as on a processor whose kernels are right, whatever it runs on, until this is disposed.</summary>
internal sealed class RightKernels : IDisposable
{
    private readonly KernelReport _known = NativeKernels.Check();

    public RightKernels()
    {
        Report = _known with { Findings = [.. _known.Findings.Select(finding => finding with { Error = finding.ErrorWithoutOneDnn })] };
        NativeKernels.Known = Report;
    }

    public KernelReport Report { get; }

    public void Dispose() => NativeKernels.Known = _known;
}
