using MarginNet.Distributed;

namespace MarginNet.Tests.Distributed;

public sealed class MpiLaunchTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_RANK=3,OMPI_COMM_WORLD_SIZE=4,PMIX_RANK=3", 3, 4, "libmpi.so.40")]
    [InlineData("PMI_RANK=0,PMI_SIZE=2", 0, 2, "libmpich.so.12")]
    [InlineData("PMIX_RANK=1", 1, null, "libmpi.so.40")]
    public void A_launcher_tells_the_rank_and_whose_library_it_is(string variables, int rank, int? size, string library)
    {
        var launch = MpiLaunch.Find(Read(variables))!;
        Assert.Equal((rank, size, library), (launch.Rank, launch.Size, launch.Libraries[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("SLURM_PROCID=1,SLURM_NTASKS=4")] // A job or a task of Slurm is not one of MPI.
    [InlineData("PMI_RANK=,PMI_SIZE=2")]
    public void Without_a_launcher_of_MPI_there_is_none(string variables) => Assert.Null(MpiLaunch.Find(Read(variables)));

    private static Func<string, string?> Read(string variables)
    {
        var values = variables.Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => pair[1]);
        return name => values.GetValueOrDefault(name);
    }
}
