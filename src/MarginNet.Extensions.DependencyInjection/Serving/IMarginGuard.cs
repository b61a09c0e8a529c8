namespace MarginNet.Serving;

/// <summary>
/// Judges images by a calibrated model: says what they show, and whether to trust that. Any number of callers may ask at once; their
/// images are scored in batches, in the order in which they came. Who asks while a core is free for it scores in the own thread.
/// </summary>
public interface IMarginGuard
{
    /// <summary>The model that judges what is asked next, while others may still be judged by the last one.</summary>
    ModelCard Model { get; }

    /// <summary>Judges one image.</summary>
    /// <param name="image">Pixels in [0, 1], shape [channels, height, width] of <see cref="Model"/>. It is read until the task ends, and
    /// after a cancellation until the batch that it may be in is done.</param>
    /// <param name="cancellation">Ends the waiting; an image that is not yet in a batch is not scored.</param>
    /// <returns>The verdict.</returns>
    /// <exception cref="InvalidDataException">It is no such image, or its scores are not finite.</exception>
    /// <exception cref="GuardBusyException">Too many images wait.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    Task<Verdict> JudgeAsync(ReadOnlyMemory<float> image, CancellationToken cancellation = default);

    /// <summary>Judges several images, all by the same model.</summary>
    /// <param name="images">The images, each as the other overload takes them.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The verdicts, in the images' order.</returns>
    /// <exception cref="InvalidDataException">One is no such image, or its scores are not finite.</exception>
    /// <exception cref="GuardBusyException">They are too many beside those that wait; none of them is judged.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    Task<Verdict[]> JudgeAsync(IReadOnlyList<ReadOnlyMemory<float>> images, CancellationToken cancellation = default);

    /// <summary>Loads the model file and its calibration anew, checks them, and judges by them what is asked from then on. What was asked
    /// before is judged by the model of then, which is disposed afterwards. Files with the same bytes change nothing.</summary>
    /// <exception cref="IOException">A file is not there or cannot be read; the model stays.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or of another model; the model stays.</exception>
    void Reload();
}
