namespace MarginNet.Serving;

/// <summary>
/// Loads what a guard judges by. The default one runs ONNX models by ONNX Runtime; for another engine register one before or after
/// <c>AddMarginNet</c>: <c>services.AddSingleton&lt;IModelLoader, MyLoader&gt;()</c>.
/// </summary>
public interface IModelLoader
{
    /// <summary>Loads a model; called at the start and whenever <see cref="MarginNetOptions.Model"/> or the calibration beside it has
    /// changed.</summary>
    /// <param name="options">The options; they are in range.</param>
    /// <returns>The model; the caller disposes it after its last batch.</returns>
    /// <exception cref="IOException">A file is not there or cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or cannot be used.</exception>
    IServedModel Load(MarginNetOptions options);
}
