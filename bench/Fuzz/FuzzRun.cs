using System.Diagnostics;

namespace MarginNet.Fuzz;

/// <summary>What a run found: nothing but the counts, or a <see cref="FuzzException"/>.</summary>
/// <param name="Accepted">Inputs that were read.</param>
/// <param name="Refused">Inputs that were refused by the documented exception.</param>
/// <param name="Time">How long it took.</param>
/// <param name="MostAllocated">The largest share of its limit that an input allocated.</param>
internal sealed record FuzzResult(long Accepted, long Refused, TimeSpan Time, double MostAllocated);

/// <summary>A reader did what it must not.</summary>
internal sealed class FuzzException(string what, byte[] input, Exception? inner) : Exception(what, inner)
{
    public byte[] Input => input;
}

/// <summary>
/// Gives damaged inputs to a reader. Whatever the bytes, it returns or throws <see cref="InvalidDataException"/> with a message of
/// one line that names the file, in limited time, allocates no more than in proportion to the file, and writes no file.
/// </summary>
internal sealed class FuzzRun : IDisposable
{
    private const int MostMessage = 1500;
    private const int FilesInterval = 100; // Inputs between two looks at the folder.

    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(20); // For one input, on a machine that may be busy.

    private readonly Reader _reader;
    private readonly Mutator _mutator;
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("marginnet-fuzz-");
    private readonly string _file;
    private byte[] _input = [];
    private long _accepted;
    private long _refused;
    private double _mostAllocated;
    private FuzzException? _failure;

    public FuzzRun(Reader reader, int seed)
    {
        (_reader, _mutator) = (reader, new(reader, new Random(seed)));
        _file = Path.Combine(_root.CreateSubdirectory("a").CreateSubdirectory("b").FullName, "fuzz" + reader.Extension);
    }

    private long Done => Interlocked.Read(ref _accepted) + Interlocked.Read(ref _refused);

    /// <summary>Tries a number of inputs, the same for the same seed.</summary>
    /// <exception cref="FuzzException">The reader did what it must not.</exception>
    public FuzzResult Run(long inputs)
    {
        var watch = Stopwatch.StartNew();
        var work = new Thread(() => Work(inputs), 1 << 20) { IsBackground = true }; // A main thread's stack is larger, not smaller.
        work.Start();
        for (var before = -1L; !work.Join(TimeLimit) && _failure is null; before = Done)
        {
            if (Done == before)
            {
                throw new FuzzException($"{_reader.Name} takes longer than {TimeLimit.TotalSeconds} s for an input.", _input, null);
            }
        }

        return _failure is null ? new(_accepted, _refused, watch.Elapsed, _mostAllocated) : throw _failure;
    }

    public void Dispose() => _root.Delete(recursive: true);

    private void Work(long inputs)
    {
        try
        {
            for (var i = 0L; i < inputs; i++)
            {
                _input = _mutator.Next();
                File.WriteAllBytes(_file, _input);
                Try();
                if (i % FilesInterval == 0 || i == inputs - 1)
                {
                    CheckFiles();
                }
            }
        }
        catch (FuzzException e)
        {
            _failure = e;
        }
    }

    private void Try()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            _reader.Read(_file);
            _accepted++;
        }
        catch (InvalidDataException e)
        {
            CheckMessage(e.Message);
            _refused++;
        }
#pragma warning disable CA1031 // Do not catch general exception types: finding the others is the purpose.
        catch (Exception e) when (e is not FuzzException)
#pragma warning restore CA1031
        {
            throw new FuzzException($"{_reader.Name} throws {e.GetType()}: {e.Message}", _input, e);
        }

        CheckAllocation(GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void CheckMessage(string message)
    {
        if (message.Any(char.IsControl) || message.Length > MostMessage || !message.Contains("fuzz", StringComparison.Ordinal))
        {
            throw new FuzzException(
                $"{_reader.Name} does not refuse in one line that names the file: {message[..Math.Min(message.Length, MostMessage)]}",
                _input,
                null);
        }
    }

    private void CheckAllocation(long allocated)
    {
        var limit = _reader.Allowance + ((long)_reader.AllocationPerByte * _input.Length);
        _mostAllocated = Math.Max(_mostAllocated, (double)allocated / limit);
        if (allocated > limit)
        {
            throw new FuzzException(
                $"{_reader.Name} allocates {allocated} bytes for a file of {_input.Length}, and may {limit}.", _input, null);
        }
    }

    private void CheckFiles()
    {
        var files = Directory.GetFiles(_root.FullName, "*", SearchOption.AllDirectories);
        if (files is not [var only] || only != _file)
        {
            throw new FuzzException($"{_reader.Name} left {string.Join(", ", files.Where(file => file != _file))}.", _input, null);
        }
    }
}
