namespace MarginNet.Native;

/// <summary>What is wrong by a diagnosis, each with its cure.</summary>
internal static class DiagnosisProblems
{
    private const double Gibi = 1L << 30;

    public static IEnumerable<string> Of(Diagnosis found)
    {
        if (found.TorchFailure is { } failure)
        {
            yield return failure;
        }

        if (found.Torch?.Kernels is { AreRight: false } kernels)
        {
            yield return Of(kernels, found);
        }

        if (found.AvailableMemoryBytes < Diagnosis.LeastBytes)
        {
            yield return FormattableString.Invariant(
                $"Only {found.AvailableMemoryBytes / Gibi:f2} GiB of memory are available, and training takes about 1 GiB: end other programs, or use a machine or container with more.");
        }

        if (found.CacheFailure is { } reason)
        {
            yield return $"The cache folder '{found.CacheFolder}' cannot be written, so that neither downloads nor checks of kernels are "
                + $"kept ({reason.TrimEnd('.')}): make it writable, or set XDG_CACHE_HOME to a folder that is.";
        }

        if (found.FreeDiskBytes < Diagnosis.LeastBytes)
        {
            yield return FormattableString.Invariant(
                $"Only {found.FreeDiskBytes / Gibi:f2} GiB of disk are free for the cache folder '{found.CacheFolder}': free some, or set XDG_CACHE_HOME to a folder on another disk.");
        }
    }

    private static string Of(KernelReport kernels, Diagnosis found)
    {
        var wrong = kernels.Findings.Where(finding => !finding.IsRight).ToArray();
        var hopeless = wrong.Where(finding => !finding.IsRightWithoutOneDnn).ToArray();
        if (hopeless.Length > 0)
        {
            return $"LibTorch computes {Names(hopeless)} wrongly on this processor, with oneDNN and without: "
                + "networks with convolutions are refused here. Use another LibTorch, or another machine.";
        }

        var cure = found.FirstCacheBytes == 0
            ? "use a machine, or a setting of its hypervisor, that tells the sizes of the caches"
            : "use another processor";
        return $"oneDNN computes {Names(wrong)} wrongly on this processor. Networks used through MarginNet stay right: "
            + "where they have to they run without it, several times slower; networks that code of your own calls are not protected. "
            + $"For speed {cure}.";
    }

    private static string Names(KernelFinding[] findings) => string.Join(", ", findings.Select(finding => $"'{finding.Kind}'"));
}
