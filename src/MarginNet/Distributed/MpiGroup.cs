namespace MarginNet.Distributed;

/// <summary>
/// The processes that <c>mpirun</c> or <c>srun --mpi=pmix</c> started, by Open MPI or MPICH. Nothing of MPI is loaded before
/// <see cref="Join"/>, and nothing at all in a process that no such launcher started. Linux.
/// </summary>
/// <remarks>An error of the network ends all ranks, as MPI does by default; so does the end of a process that has not left.</remarks>
public sealed unsafe class MpiGroup : IProcessGroup
{
    private const int MaxCount = 25 << 20; // Bytes in one call: counts of MPI are ints, and small parts need small buffers inside.

    // What a rank has said is lost at times, if it ends all before the launcher has passed it on: seen under MPICH.
    private static readonly TimeSpan UntilPassedOn = TimeSpan.FromSeconds(0.5);

    private static readonly Lock Gate = new();
    private static MpiGroup? _joined;

    private readonly MpiLibrary _library;

    private MpiGroup(MpiLibrary library) => (_library, (Rank, Size)) = (library, library.Place());

    /// <summary>The rank that a launcher gave this process; null where none did. Loads nothing.</summary>
    public static int? LaunchedRank => MpiLaunch.Find(Environment.GetEnvironmentVariable)?.Rank;

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Joins the processes that were started with this one.</summary>
    /// <returns>The group, the same at each call; null where no launcher of MPI started this process.</returns>
    /// <exception cref="DllNotFoundException">MPI's library is not found.</exception>
    /// <exception cref="InvalidOperationException">The library is not that of the launcher.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public static MpiGroup? Join()
    {
        lock (Gate)
        {
            return _joined ??= MpiLaunch.Find(Environment.GetEnvironmentVariable) is { } launch ? Start(launch) : null;
        }
    }

    /// <summary>
    /// Leaves the group at the end of the process; nothing where it never joined. With exit code 0 it waits for the other ranks to leave,
    /// with another it ends them.
    /// </summary>
    /// <param name="exitCode">What this process ends with. Default 0.</param>
    public static void Leave(int exitCode = 0)
    {
        lock (Gate)
        {
            if (exitCode == 0)
            {
                _joined?.Barrier(); // Which waits without keeping a core busy, as MPI_Finalize would.
                _joined?._library.Complete();
            }
            else if (_joined is not null)
            {
                Thread.Sleep(UntilPassedOn);
                _joined._library.Abort(exitCode);
            }

            _joined = null;
        }
    }

    /// <inheritdoc/>
    public void AllReduce(Span<float> values) => AllReduce(values, _library.Float);

    /// <inheritdoc/>
    public void AllReduce(Span<double> values) => AllReduce(values, _library.Double);

    /// <inheritdoc/>
    public void Broadcast(Span<byte> values, int root = 0)
    {
        for (var start = 0; start < values.Length; start += MaxCount)
        {
            var part = values[start..Math.Min(values.Length, start + MaxCount)];
            fixed (byte* pointer = part)
            {
                _library.Broadcast(pointer, part.Length, root);
            }
        }
    }

    /// <inheritdoc/>
    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        if (all.Length != (long)own.Length * Size)
        {
            throw new ArgumentException($"Expected room for {Size} times {own.Length} bytes, but got {all.Length}.", nameof(all));
        }

        fixed (byte* from = own, to = all)
        {
            _library.AllGather(from, own.Length, to);
        }
    }

    /// <inheritdoc/>
    public void Barrier() => _library.Barrier();

    private static MpiGroup Start(MpiLaunch launch)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Training over MPI needs Linux.");
        }

        var named = Environment.GetEnvironmentVariable(MpiLibrary.Variable);
        var library = MpiLibrary.Load(string.IsNullOrEmpty(named) ? launch.Libraries : [named]);
        library.Initialize();
        var group = new MpiGroup(library);
        return group.Rank == launch.Rank && group.Size == (launch.Size ?? group.Size)
            ? group
            : throw new InvalidOperationException(
                $"The launcher says rank {launch.Rank} of {launch.Size}, but {library.Name} says rank {group.Rank} of {group.Size}: "
                + $"they are of different MPIs. Use the launcher of that library, or set {MpiLibrary.Variable} to the launcher's.");
    }

    private void AllReduce<T>(Span<T> values, nint type)
        where T : unmanaged
    {
        var most = MaxCount / sizeof(T);
        for (var start = 0; start < values.Length; start += most)
        {
            var part = values[start..Math.Min(values.Length, start + most)];
            fixed (T* pointer = part)
            {
                _library.AllReduce(pointer, part.Length, type);
            }
        }
    }
}
