using MarginNet.Checkpoints;
using MarginNet.Distributed;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>The last two states of a run, in files with checksums: of the only process or of rank 0, from which the others have
/// what is read.</summary>
internal sealed class StateFiles
{
    private readonly TrainingCheckpoints _checkpoints;
    private readonly Dictionary<string, object?> _settings;
    private readonly Dictionary<string, object?> _machine;
    private readonly Action<string> _warn;
    private readonly IProcessGroup? _group;

    public StateFiles(
        TrainingCheckpoints checkpoints, Dictionary<string, object?> settings, Device device, Action<string> warn,
        IProcessGroup? group = null)
    {
        (_checkpoints, _settings, _machine, _warn, _group) = (checkpoints, settings, RunSettings.Machine(device), warn, group);
        if (AreHere)
        {
            AtomicFile.DeleteLeftovers(checkpoints.Path);
        }
    }

    /// <summary>Whether this process keeps them: not where it is another rank than 0.</summary>
    public bool AreHere => _group is null or { Rank: 0 };

    public void Write(TrainingState state)
    {
        var graph = state.ToGraph(_settings, _machine);
        AtomicFile.Write(_checkpoints.Path, stream => PyTorchFile.Write(stream, graph), _checkpoints.PreviousPath);
    }

    /// <summary>Reads the last state that is whole, on all ranks at once; null where there is none.</summary>
    /// <exception cref="InvalidDataException">There are only damaged ones, or the state is another run's.</exception>
    public TrainingState? Read()
    {
        var state = AreHere ? ReadLast() : null;
        if (_group is not { Size: > 1 })
        {
            return state;
        }

        using var message = new MemoryStream();
        if (state is not null)
        {
            PyTorchFile.Write(message, state.ToGraph(_settings, _machine));
        }

        if (_group.BroadcastMessage(state is null ? null : message.ToArray()) is not { } received)
        {
            return null;
        }

        using var stream = new MemoryStream(received);
        return AreHere ? state : TrainingState.FromGraph(new((Dictionary<string, object?>)PyTorchFile.Read(stream)!, ""));
    }

    private TrainingState? ReadLast()
    {
        InvalidDataException? damage = null;
        foreach (var path in new[] { _checkpoints.Path, _checkpoints.PreviousPath }.Where(File.Exists))
        {
            StoredRun found;
            try
            {
                found = Read(path);
            }
            catch (InvalidDataException e)
            {
                damage ??= e;
                continue;
            }

            if (damage is not null)
            {
                _warn($"{damage.Message} Going on from the state before it, '{path}'.");
            }

            Compare(path, found);
            return found.State;
        }

        return damage is null
            ? null
            : throw new InvalidDataException($"{damage.Message} There is no whole state before it: delete it to start anew.", damage);
    }

    private static StoredRun Read(string path)
    {
        var graph = PyTorchFile.Read(path) as Dictionary<string, object?> ?? [];
        var root = new PlainDictionary(graph, "");
        if (graph.GetValueOrDefault("format") as string != TrainingState.Format
            || graph.GetValueOrDefault("format_version") is not (>= 1L and <= TrainingState.Version))
        {
            throw new InvalidDataException($"'{path}' is no state of a training run that this MarginNet can use: delete it to start anew.");
        }

        try
        {
            return new(root.Dictionary("settings"), root.Dictionary("machine"), TrainingState.FromGraph(root));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is a damaged state of a training run. {e.Message}", e);
        }
    }

    private void Compare(string path, StoredRun found)
    {
        if (RunSettings.Differences(found.Settings, _settings) is { Length: > 0 } differences)
        {
            throw new InvalidDataException($"'{path}' is the state of another run: {differences}. "
                + "Give the same settings and data to go on, or delete it to start anew.");
        }

        if (RunSettings.Differences(found.Machine, _machine) is { Length: > 0 } machine)
        {
            _warn($"The weights will differ in their last digits from those of a run that was not interrupted: {machine}.");
        }
    }

    private sealed record StoredRun(PlainDictionary Settings, PlainDictionary Machine, TrainingState State);
}
