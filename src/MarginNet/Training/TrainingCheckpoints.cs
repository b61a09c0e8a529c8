namespace MarginNet.Training;

/// <summary>
/// Where a training run keeps its state, and how often. A run that is killed at any instant and resumed ends with the weights,
/// byte for byte, of one that was not: what followed the last kept state is computed again.
/// </summary>
/// <remarks>
/// The state is the network's, the optimiser's and the random generators', λ, the history and the position; the order of the
/// samples and the learning rate follow from the position. It takes three times the memory of the network's weights under Adam
/// and twice under SGD, on disk twice that, and is kept at the start and after each round too, and when training is cancelled.
/// Randomness a network draws on an accelerator (dropout there) is not part of it.
/// </remarks>
public sealed record TrainingCheckpoints
{
    /// <summary>Names the file of the state.</summary>
    /// <param name="path">The file, by custom <c>*.resume.pt</c>, a PyTorch checkpoint;
    /// the state before the last one goes to <see cref="PreviousPath"/>.</param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public TrainingCheckpoints(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
    }

    /// <summary>The file of the last state, written anew or not at all.</summary>
    public string Path { get; }

    /// <summary>The file of the state before the last, which is used, with a warning, where the last one is damaged.</summary>
    public string PreviousPath => System.IO.Path.ChangeExtension(Path, $".previous{System.IO.Path.GetExtension(Path)}");

    /// <summary>Epochs between two states; 0 for no state because of epochs. Default 1.</summary>
    public int EveryEpochs { get; init; } = 1;

    /// <summary>Time between two states, within epochs too; null, the default, for no state because of time.</summary>
    public TimeSpan? Every { get; init; }

    /// <summary>Whether to go on from the kept state, and from the beginning only where there is none. Default false:
    /// from the beginning.</summary>
    public bool Resume { get; init; }

    /// <summary>
    /// How often the run may return to the last state and go on at half the learning rate, when it diverges, before it stops with a
    /// <see cref="DivergenceException"/>. Default 0: it stops at once.
    /// </summary>
    public int MaxRollbacks { get; init; }

    /// <summary>What else must be the same in the run that is resumed, by name, plain values only. Default: nothing.</summary>
    public IReadOnlyDictionary<string, object?> Settings { get; init; } = new Dictionary<string, object?>();

    /// <summary>Whether there is a state to go on from.</summary>
    public bool Exist => File.Exists(Path) || File.Exists(PreviousPath);

    /// <summary>Removes the state, once the result of the run is in safety.</summary>
    public void Delete()
    {
        File.Delete(PreviousPath);
        File.Delete(Path);
    }

    internal void ThrowIfInvalid()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(EveryEpochs);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRollbacks);
        ArgumentOutOfRangeException.ThrowIfLessThan(Every ?? TimeSpan.Zero, TimeSpan.Zero, nameof(Every));
    }
}
