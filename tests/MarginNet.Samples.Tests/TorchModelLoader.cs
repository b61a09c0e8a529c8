using MarginNet.ModelFiles;
using MarginNet.PValues;
using MarginNet.Serving;
using static TorchSharp.torch;

namespace MarginNet.Samples.Tests;

/// <summary>A model file of MarginNet, run by LibTorch, for <c>AddMarginNet</c>.</summary>
internal sealed class TorchModelLoader : IModelLoader
{
    public IServedModel Load(MarginNetOptions options) =>
        new TorchModel(MarginModel.Load(options.Model), $"{File.GetLastWriteTimeUtc(options.Model):O}");

    private sealed class TorchModel(MarginModel model, string version) : IServedModel
    {
        public ModelCard Card { get; } =
            new(version, model.ClassNames, model.Channels, model.ImageSize.Height, model.ImageSize.Width);

        public MarginNullModel NullModel => model.NullModel ?? throw new InvalidDataException("It is not calibrated.");

        public float[] Score(Memory<float> images, int count)
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            return model.Network.call(tensor(images, [count, Card.Channels, Card.Height, Card.Width])).data<float>().ToArray();
        }

        public void Dispose() => model.Dispose();
    }
}
