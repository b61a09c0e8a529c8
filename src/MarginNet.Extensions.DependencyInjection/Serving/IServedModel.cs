using MarginNet.PValues;

namespace MarginNet.Serving;

/// <summary>A calibrated network of any engine, as a guard needs it.</summary>
public interface IServedModel : IDisposable
{
    /// <summary>What there is to know of it.</summary>
    ModelCard Card { get; }

    /// <summary>The null model of its margins, of as many classes as <see cref="Card"/> names.</summary>
    MarginNullModel NullModel { get; }

    /// <summary>Scores a batch; called at the same time for as many as <see cref="MarginNetOptions.ConcurrentBatches"/>.</summary>
    /// <param name="images">Pixels in [0, 1], shape [N, channels, height, width]; they may be overwritten.</param>
    /// <param name="count">The number of images N, from 1 to <see cref="MarginNetOptions.MaxBatchSize"/>.</param>
    /// <returns>Logits, shape [N, C]; row i depends on image i alone.</returns>
    float[] Score(Memory<float> images, int count);
}
