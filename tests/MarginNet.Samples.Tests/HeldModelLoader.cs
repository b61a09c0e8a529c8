using MarginNet.PValues;
using MarginNet.Serving;

namespace MarginNet.Samples.Tests;

/// <summary>The network on LibTorch, held up while a gate is shut.</summary>
internal sealed class HeldModelLoader : IModelLoader, IDisposable
{
    private volatile bool _isScoring;

    public ManualResetEventSlim Gate { get; } = new(initialState: true);

    /// <summary>Whether a batch waits at the gate.</summary>
    public bool IsScoring => _isScoring;

    public IServedModel Load(MarginNetOptions options) => new HeldModel(this, new TorchModelLoader().Load(options));

    public void Dispose() => Gate.Dispose();

    private sealed class HeldModel(HeldModelLoader loader, IServedModel inner) : IServedModel
    {
        public ModelCard Card => inner.Card;

        public MarginNullModel NullModel => inner.NullModel;

        public float[] Score(Memory<float> images, int count)
        {
            loader._isScoring = !loader.Gate.IsSet;
            loader.Gate.Wait();
            return inner.Score(images, count);
        }

        public void Dispose() => inner.Dispose();
    }
}
