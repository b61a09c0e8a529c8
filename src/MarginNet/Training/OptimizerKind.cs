using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>The optimiser of the network's weights.</summary>
public enum OptimizerKind
{
    /// <summary>Adam (Kingma and Ba, 2015).</summary>
    Adam,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, 2019).</summary>
    AdamW,

    /// <summary>Stochastic gradient descent with Nesterov momentum 0.9.</summary>
    Sgd,
}

internal static class OptimizerFactory
{
    private const double Momentum = 0.9;

    public static OptimizerHelper Create(this TrainingOptions options, nn.Module network) => options.Optimizer switch
    {
        OptimizerKind.Sgd => optim.SGD(
            network.parameters().GroupBy(IsVector).Select(group => new SGD.ParamGroup(group, SgdOptions(options, group.Key))),
            options.LearningRate, momentum: Momentum, nesterov: true),
        OptimizerKind.AdamW => optim.AdamW(network.parameters(), options.LearningRate, weight_decay: options.WeightDecay),
        _ => optim.Adam(network.parameters(), options.LearningRate, weight_decay: options.WeightDecay),
    };

    /// <summary>Sets the learning rate, whose peak the optimiser was made with, in every group.</summary>
    public static void SetRate(this optim.Optimizer optimizer, double factor)
    {
        foreach (var group in optimizer.ParamGroups)
        {
            group.LearningRate = group.InitialLearningRate * factor;
        }
    }

    private static bool IsVector(Parameter parameter) => parameter.dim() <= 1; // A bias or a parameter of a normalisation.

    private static SGD.Options SgdOptions(TrainingOptions options, bool areVectors)
    {
        var factor = areVectors ? options.BiasRateFactor : 1;
        var rate = options.LearningRate * factor;
        return new()
        {
            LearningRate = rate,
            InitialLearningRate = rate,
            momentum = Momentum,
            nesterov = true,
            weight_decay = options.WeightDecay / factor,
        };
    }
}
