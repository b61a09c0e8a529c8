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

    public static OptimizerHelper Create(this OptimizerKind kind, IEnumerable<Parameter> parameters, double learningRate, double weightDecay) => kind switch
    {
        OptimizerKind.Sgd => optim.SGD(parameters, learningRate, momentum: Momentum, weight_decay: weightDecay, nesterov: true),
        OptimizerKind.AdamW => optim.AdamW(parameters, learningRate, weight_decay: weightDecay),
        _ => optim.Adam(parameters, learningRate, weight_decay: weightDecay),
    };
}
