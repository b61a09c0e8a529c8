using System.Globalization;

namespace MarginNet.Distributed;

/// <summary>What a launcher of MPI, such as mpirun or srun, tells each process by environment variables.</summary>
/// <param name="Rank">The number of this process.</param>
/// <param name="Size">The number of processes; null where the launcher leaves that to the library.</param>
/// <param name="Libraries">The names under which its MPI library may be found, the likeliest first.</param>
internal sealed record MpiLaunch(int Rank, int? Size, string[] Libraries)
{
    private const string OpenMpi4 = "libmpi.so.40"; // Open MPI 2 to 5.
    private const string Mpich = "libmpich.so.12"; // As Debian names it; elsewhere, and for Intel MPI, libmpi.so.12.
    private const string MpichAbi = "libmpi.so.12";

    private static readonly (string Rank, string Size, string[] Libraries)[] Launchers =
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", [OpenMpi4, "libmpi.so"]),
        ("PMI_RANK", "PMI_SIZE", [Mpich, MpichAbi, OpenMpi4]), // MPICH's mpirun, and srun --mpi=pmi2.
        ("PMIX_RANK", "", [OpenMpi4, Mpich, MpichAbi]), // srun --mpi=pmix, and the launchers of Open MPI 5.
    ];

    /// <summary>The launch of this process; null where nothing of MPI started it.</summary>
    /// <param name="read">Reads an environment variable.</param>
    public static MpiLaunch? Find(Func<string, string?> read)
    {
        foreach (var (rankName, sizeName, libraries) in Launchers)
        {
            if (Number(read(rankName)) is { } rank)
            {
                return new(rank, Number(read(sizeName)), libraries);
            }
        }

        return null;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
