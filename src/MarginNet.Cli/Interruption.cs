using System.Globalization;
using System.Runtime.InteropServices;

namespace MarginNet.Cli;

/// <summary>
/// Ctrl-C and SIGTERM. The first asks the command to stop at its next safe point, such as the end of a training step; more of them
/// change nothing. Where no such point is reached in time, as in a native call that does not come back, what can be saved is saved
/// and the process ends all the same.
/// </summary>
internal sealed class Interruption : IDisposable
{
    /// <summary>The environment variable with the seconds that a command has to reach a safe point.</summary>
    public const string Variable = "MARGINNET_STOP_SECONDS";

    public const int ExitCode = 130;
    public const double DefaultSeconds = 20;

    private static readonly TimeSpan UntilTold = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SavingLimit = TimeSpan.FromMinutes(5);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _source = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private readonly TextWriter _error;
    private readonly TimeSpan _patience;
    private readonly Action<int> _exit;
    private Thread? _watch;
    private volatile Func<string>? _lastResort;

    /// <param name="error">Where the user is told.</param>
    /// <param name="patience">The time to reach a safe point.</param>
    /// <param name="exit">Ends the process, whatever its other threads do.</param>
    public Interruption(TextWriter error, TimeSpan patience, Action<int> exit)
    {
        (_error, _patience, _exit) = (error, patience, exit);
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Listens to the signals of this process.</summary>
    public static Interruption Listen(TextWriter error)
    {
        var interruption = new Interruption(error, Patience(Environment.GetEnvironmentVariable(Variable)), NativeExit.Now);
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM })
        {
            interruption._signals.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true; // The process does not end here.
                interruption.Signal();
            }));
        }

        return interruption;
    }

    /// <summary>Sets what is done where no safe point is reached, beside the work that hangs.</summary>
    /// <param name="save">Saves what there is, and says in one line what it saved.</param>
    /// <returns>Disposed once that is needed no more.</returns>
    public IDisposable OnLastResort(Func<string> save)
    {
        _lastResort = save;
        return new LastResort(this);
    }

    public void Signal()
    {
        lock (_lock)
        {
            if (_ended.IsSet || _watch is not null)
            {
                return;
            }

            _watch = new(Watch) { IsBackground = true }; // Not one of the pool, all of which may be in native calls.
            _watch.Start();
            _ = _source.CancelAsync();
        }
    }

    /// <summary>The command has ended; if the last resort is being taken, waits for it.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _ended.Set();
        }

        _watch?.Join();
        _signals.ForEach(signal => signal.Dispose());
        _ended.Dispose();
        _source.Dispose();
    }

    /// <summary>Reads <see cref="Variable"/>: a number of seconds above 0; anything else is the default.</summary>
    public static TimeSpan Patience(string? text) => TimeSpan.FromSeconds(
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 86_400
            ? seconds
            : DefaultSeconds);

    private void Watch()
    {
        var told = _patience < UntilTold ? _patience : UntilTold;
        if (_ended.Wait(told))
        {
            return;
        }

        var seconds = _patience.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture);
        _error.WriteLine(
            $"marginnet: stopping as soon as the step under way has ended, within {seconds} s in any case; "
            + "another signal changes nothing.");
        if (_ended.Wait(_patience - told))
        {
            return;
        }

        var saved = "";
        var saving = new Thread(() => saved = Save()) { IsBackground = true };
        saving.Start();
        saving.Join(SavingLimit);
        _error.WriteLine($"marginnet: interrupted, in the midst of a step that did not end within {seconds} s ({Variable}).{saved}");
        _exit(ExitCode);
    }

    private string Save()
    {
        try
        {
            return _lastResort is { } save ? $" {save()}" : "";
        }
#pragma warning disable CA1031 // Do not catch general exception types: the process ends anyway, and says why something is missing.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return $" {e.Message.ReplaceLineEndings(" ")}";
        }
    }

    private sealed class LastResort(Interruption interruption) : IDisposable
    {
        public void Dispose() => interruption._lastResort = null;
    }
}
