namespace MarginNet.Cli.Tests;

/// <summary>A test that runs the tool under the mpirun of an MPI, and is skipped where that is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class MpiTheoryAttribute : TheoryAttribute
{
    public MpiTheoryAttribute()
    {
        if (MpiRun.Launchers.Length == 0)
        {
            Skip = "Needs mpirun of Open MPI or MPICH, such as Debian's packages openmpi-bin and mpich.";
        }
    }
}
