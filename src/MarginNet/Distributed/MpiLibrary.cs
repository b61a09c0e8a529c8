using System.Runtime.InteropServices;

namespace MarginNet.Distributed;

/// <summary>
/// An MPI library in this process. The standard fixes the functions and not what handles are: addresses of exported variables in
/// Open MPI, integers in MPICH and all that share its binary interface. Linux.
/// </summary>
internal sealed unsafe partial class MpiLibrary
{
    /// <summary>The environment variable that names the library to load.</summary>
    public const string Variable = "MARGINNET_MPI";

    private const int Now = 2; // RTLD_NOW
    private const int Global = 0x100; // RTLD_GLOBAL: Open MPI's plug-ins find its symbols by that.
    private const int Serialized = 2; // MPI_THREAD_SERIALIZED of both: any thread may call, one at a time.

    private const int YieldsBeforeSleep = 10_000; // Then a millisecond at a time: some milliseconds of an idle core.

    private readonly nint _library;

    private MpiLibrary(nint library, string name)
    {
        (_library, Name) = (library, name);
        IsOpenMpi = NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out var world);
        World = IsOpenMpi ? world : 0x44000000;
        Sum = Handle("ompi_mpi_op_sum", 0x58000003);
        Byte = Handle("ompi_mpi_byte", 0x4c00010d);
        Float = Handle("ompi_mpi_float", 0x4c00040a);
        Double = Handle("ompi_mpi_double", 0x4c00080b);
        InPlace = IsOpenMpi ? 1 : -1;
    }

    /// <summary>The file it was loaded from.</summary>
    public string Name { get; }

    /// <summary>Whether it is Open MPI; else of MPICH's binary interface.</summary>
    public bool IsOpenMpi { get; }

    /// <summary>MPI_COMM_WORLD.</summary>
    public nint World { get; }

    /// <summary>MPI_SUM.</summary>
    public nint Sum { get; }

    /// <summary>MPI_BYTE.</summary>
    public nint Byte { get; }

    /// <summary>MPI_FLOAT.</summary>
    public nint Float { get; }

    /// <summary>MPI_DOUBLE.</summary>
    public nint Double { get; }

    /// <summary>MPI_IN_PLACE.</summary>
    public nint InPlace { get; }

    /// <summary>Loads the first of some libraries that is there.</summary>
    /// <exception cref="DllNotFoundException">None is.</exception>
    public static MpiLibrary Load(IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            if (Open(name, Now | Global) is not 0 and var library)
            {
                return new(library, name);
            }
        }

        throw new DllNotFoundException(
            $"This process was started by MPI, but its library is not found: looked for {string.Join(", ", names)}. "
            + $"Install it (Debian: libopenmpi3 or libmpich12), or set {Variable} to the file.");
    }

    /// <summary>MPI_Init_thread.</summary>
    public void Initialize()
    {
        int provided;
        Check(((delegate* unmanaged<int*, byte***, int, int*, int>)Find("MPI_Init_thread"))(null, null, Serialized, &provided),
            "MPI_Init_thread");
        if (provided < Serialized)
        {
            throw new NotSupportedException(
                $"{Name} gives thread level {provided}, but calls come from changing threads: use one built with threads.");
        }
    }

    /// <summary>MPI_Comm_rank and MPI_Comm_size.</summary>
    public (int Rank, int Size) Place()
    {
        int rank, size;
        Check(((delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_rank"))(World, &rank), "MPI_Comm_rank");
        Check(((delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_size"))(World, &size), "MPI_Comm_size");
        return (rank, size);
    }

    /// <summary>MPI_Iallreduce in place, by sums, and the wait for it.</summary>
    public void AllReduce(void* values, int count, nint type)
    {
        nint request = 0;
        var start = (delegate* unmanaged<nint, void*, int, nint, nint, nint, nint*, int>)Find("MPI_Iallreduce");
        Check(start(InPlace, values, count, type, Sum, World, &request), "MPI_Iallreduce");
        Wait(&request);
    }

    /// <summary>MPI_Ibcast of bytes, and the wait for it.</summary>
    public void Broadcast(void* values, int count, int root)
    {
        nint request = 0;
        var start = (delegate* unmanaged<void*, int, nint, int, nint, nint*, int>)Find("MPI_Ibcast");
        Check(start(values, count, Byte, root, World, &request), "MPI_Ibcast");
        Wait(&request);
    }

    /// <summary>MPI_Iallgather of bytes, and the wait for it.</summary>
    public void AllGather(void* own, int count, void* all)
    {
        nint request = 0;
        var start = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int>)Find("MPI_Iallgather");
        Check(start(own, count, Byte, all, count, Byte, World, &request), "MPI_Iallgather");
        Wait(&request);
    }

    /// <summary>MPI_Ibarrier, and the wait for it.</summary>
    public void Barrier()
    {
        nint request = 0;
        Check(((delegate* unmanaged<nint, nint*, int>)Find("MPI_Ibarrier"))(World, &request), "MPI_Ibarrier");
        Wait(&request);
    }

    /// <summary>MPI_Finalize.</summary>
    public void Complete() => Check(((delegate* unmanaged<int>)Find("MPI_Finalize"))(), "MPI_Finalize");

    /// <summary>MPI_Abort: ends all ranks.</summary>
    public void Abort(int exitCode) => _ = ((delegate* unmanaged<nint, int, int>)Find("MPI_Abort"))(World, exitCode);

    /// <summary>Waits for a call, by MPI_Test: MPI itself would keep a core busy, which other ranks and programs may need.</summary>
    /// <param name="request">The handle of the call: an address in Open MPI, an integer in MPICH.</param>
    private void Wait(nint* request)
    {
        var test = (delegate* unmanaged<nint*, int*, void*, int>)Find("MPI_Test");
        var ignored = (void*)(IsOpenMpi ? 0 : 1); // MPI_STATUS_IGNORE
        var spin = default(SpinWait);
        int isDone;
        for (Check(test(request, &isDone, ignored), "MPI_Test"); isDone == 0; Check(test(request, &isDone, ignored), "MPI_Test"))
        {
            spin.SpinOnce(YieldsBeforeSleep);
        }
    }

    private nint Handle(string openMpi, nint mpich) => IsOpenMpi ? NativeLibrary.GetExport(_library, openMpi) : mpich;

    private void* Find(string function) => (void*)NativeLibrary.GetExport(_library, function);

    private void Check(int code, string function)
    {
        if (code != 0)
        {
            throw new IOException($"{function} of {Name} failed with code {code}.");
        }
    }

    [LibraryImport("libdl.so.2", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Open(string name, int flags);
}
