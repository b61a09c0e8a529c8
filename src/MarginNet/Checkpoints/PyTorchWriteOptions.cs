namespace MarginNet.Checkpoints;

/// <summary>How <see cref="PyTorchFile"/> writes.</summary>
public sealed record PyTorchWriteOptions
{
    /// <summary>
    /// Whether a double becomes a float64 tensor without dimensions rather than a Python float. PyTorch 1.13's
    /// <c>torch.load(path, weights_only=True)</c> knows no floats (later ones do); it opens the file so. Reading gives a double
    /// again, either way. Default: false.
    /// </summary>
    public bool NumbersAsTensors { get; init; }
}
