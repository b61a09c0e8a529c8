using System.Diagnostics;

namespace MarginNet.Training;

/// <summary>Keeps the state of a run as often as asked for, and brings it back.</summary>
internal sealed class RunKeeper(TrainingCheckpoints checkpoints, StateFiles files, Action<string> warn)
{
    private readonly Stopwatch _sinceKept = new();

    /// <summary>Whether a state is due because of the time since the last.</summary>
    public bool IsDue => _sinceKept.Elapsed >= checkpoints.Every;

    public bool IsDueAfter(int epochs) => checkpoints.EveryEpochs > 0 && epochs % checkpoints.EveryEpochs == 0;

    /// <summary>Brings back the kept state where that is asked for and there is one; else keeps the first.</summary>
    /// <returns>Whether a state was brought back.</returns>
    public bool Start(RunState run)
    {
        var kept = checkpoints.Resume ? files.Read() : null;
        if (kept is not null)
        {
            Restore(run, kept);
        }
        else if (files.AreHere)
        {
            checkpoints.Delete(); // Of an earlier run.
            if (run.Capture() is { } first)
            {
                files.Write(first);
            }
        }

        _sinceKept.Restart();
        return kept is not null;
    }

    /// <summary>Keeps the state. Where it cannot be written, the run goes on: the state before it is still there.</summary>
    public void Keep(RunState run)
    {
        try
        {
            if (files.AreHere && run.Capture() is { } state)
            {
                files.Write(state);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"{e.Message} The run goes on; its state before this one is still there.");
        }

        _sinceKept.Restart();
    }

    /// <summary>Brings back the last kept state and halves the learning rate once more.</summary>
    /// <returns>False where that was done as often as it may be, or there is no state.</returns>
    public bool TryRollBack(RunState run, DivergenceException divergence)
    {
        var rollbacks = run.Rollbacks + 1;
        if (rollbacks > checkpoints.MaxRollbacks || files.Read() is not { } kept)
        {
            return false;
        }

        Restore(run, kept);
        run.Rollbacks = rollbacks;
        warn($"{divergence.Message} Rollback {rollbacks} of {checkpoints.MaxRollbacks}: "
            + $"going on from the last kept state with {Rate(rollbacks)} of the learning rate.");
        return true;
    }

    private void Restore(RunState run, TrainingState kept)
    {
        try
        {
            run.Restore(kept);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{checkpoints.Path}' is a damaged state of a training run, or one of another network. "
                + $"{e.Message} Delete it to start anew.", e);
        }
    }

    /// <summary>The share of the learning rate that is left.</summary>
    public static double Rate(int rollbacks) => Math.ScaleB(1, -rollbacks);
}
