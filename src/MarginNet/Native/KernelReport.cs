using System.Collections.Immutable;

namespace MarginNet;

/// <summary>What a check of LibTorch's convolutions found on this processor.</summary>
/// <param name="Findings">A finding for each kind of convolution.</param>
/// <param name="IsRemembered">Whether it is from an earlier check of the same library on the same processor.</param>
public sealed record KernelReport(ImmutableArray<KernelFinding> Findings, bool IsRemembered)
{
    /// <summary>Whether all kinds are right. Where not, networks other than this library's own run without oneDNN.</summary>
    public bool AreRight => Findings.All(finding => finding.IsRight);

    /// <summary>Whether all kinds are right without oneDNN. Where not, networks with convolutions cannot be computed here.</summary>
    public bool AreRightWithoutOneDnn => Findings.All(finding => finding.IsRightWithoutOneDnn);
}
