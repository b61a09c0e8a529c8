using MarginNet.Training;
using TorchSharp.Modules;
using static TorchSharp.torch.utils.tensorboard;

namespace MarginNet.Cli.Output;

/// <summary>Writes each epoch's figures as scalars for TensorBoard.</summary>
internal sealed class TensorBoardLog(string folder) : IProgress<TrainingProgress>
{
    private readonly SummaryWriter _writer = SummaryWriter(folder);
    private int _epochs;

    public override string ToString() => $"The log in {folder}";

    public void Report(TrainingProgress value)
    {
        _epochs = value is RestoredProgress restored ? restored.History.Length : _epochs;
        if (value is not EpochProgress epoch)
        {
            return;
        }

        _epochs++;
        _writer.add_scalar("training/loss", (float)epoch.Loss, _epochs);
        _writer.add_scalar("training/accuracy", (float)epoch.Accuracy, _epochs);
        _writer.add_scalar("training/margins_met", (float)epoch.ConstraintsMet, _epochs);
        _writer.add_scalar("training/learning_rate", (float)epoch.LearningRate, _epochs);
        if (epoch.TestAccuracy is { } accuracy)
        {
            _writer.add_scalar("test/accuracy", (float)accuracy, _epochs);
        }
    }
}
