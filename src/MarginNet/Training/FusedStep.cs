using MarginNet.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>
/// An optimiser's step by LibTorch's fused operators: one pass over the weights, where TorchSharp makes one for each term of the formula
/// and some calls for each weight. What the optimiser remembers stays its own.
/// </summary>
internal sealed class FusedStep
{
    private readonly OptimizerHelper _optimizer;

    private FusedStep(OptimizerHelper optimizer) => _optimizer = optimizer;

    /// <summary>The fused step of an optimiser; null where LibTorch does not export the way to it, or weights are not float32.</summary>
    public static FusedStep? Create(OptimizerHelper optimizer) =>
        TorchDispatcher.CanCall && optimizer.parameters().All(weight => weight.dtype == ScalarType.Float32) ? new(optimizer) : null;

    /// <summary>Takes the step, of every weight that has a gradient.</summary>
    public void Run()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var memory = new Queue<OptimizerState>(_optimizer.state_dict().State);
        foreach (var group in _optimizer.ParamGroups)
        {
            switch (group)
            {
                case SGD.ParamGroup sgd:
                    Run(Due<SGD.State>(sgd.Parameters, memory), sgd.Options);
                    break;
                case Adam.ParamGroup adam:
                    var averages = Due<Adam.State>(adam.Parameters, memory);
                    Run("aten::_fused_adam_\0"u8, [.. averages.Select(each => each.Weight)],
                        [.. averages.Select(each => (++each.Memory.step, each.Memory.exp_avg, each.Memory.exp_avg_sq))],
                        (adam.LearningRate, adam.Options.beta1!.Value, adam.Options.beta2!.Value, adam.Options.weight_decay!.Value,
                            adam.Options.eps!.Value));
                    break;
                case AdamW.ParamGroup adam:
                    var decoupled = Due<AdamW.State>(adam.Parameters, memory);
                    Run("aten::_fused_adamw_\0"u8, [.. decoupled.Select(each => each.Weight)],
                        [.. decoupled.Select(each => (++each.Memory.step, each.Memory.exp_avg, each.Memory.exp_avg_sq))],
                        (adam.LearningRate, adam.Options.beta1!.Value, adam.Options.beta2!.Value, adam.Options.weight_decay!.Value,
                            adam.Options.eps!.Value));
                    break;
            }
        }
    }

    /// <summary>The weights of a group that have a gradient, with what is remembered of each.</summary>
    private static (Parameter Weight, T Memory)[] Due<T>(IEnumerable<Parameter> weights, Queue<OptimizerState> memory)
        where T : OptimizerState =>
        [.. weights.Select(weight => (Weight: weight, Memory: (T)memory.Dequeue())).Where(each => each.Weight.grad is not null)];

    private static void Run((Parameter Weight, SGD.State Memory)[] due, SGD.Options options)
    {
        foreach (var part in due.GroupBy(each => each.Memory.momentum_buffer is null))
        {
            foreach (var (weight, memory) in part.Where(_ => part.Key))
            {
                memory.momentum_buffer = zeros_like(weight).DetachFromDisposeScope();
            }

            TorchDispatcher.Call(
                "aten::_fused_sgd_\0"u8,
                TorchDispatcher.List(part.Select(each => each.Weight)),
                TorchDispatcher.List(part.Select(each => each.Weight.grad!)),
                TorchDispatcher.List(part.Select(each => each.Memory.momentum_buffer)),
                TorchDispatcher.Number(options.weight_decay!.Value),
                TorchDispatcher.Number(options.momentum!.Value),
                TorchDispatcher.Number(options.LearningRate!.Value),
                TorchDispatcher.Number(options.dampening ?? 0),
                TorchDispatcher.Flag(options.nesterov!.Value),
                TorchDispatcher.Flag(options.maximize ?? false),
                TorchDispatcher.Flag(part.Key),
                TorchDispatcher.None,
                TorchDispatcher.None);
        }
    }

    private static void Run(
        ReadOnlySpan<byte> name, Parameter[] weights, (long Step, Tensor Average, Tensor SquareAverage)[] memory,
        (double Rate, double Beta1, double Beta2, double WeightDecay, double Epsilon) options)
    {
        if (weights.Length == 0)
        {
            return;
        }

        // A number on the device for each count of steps, which all weights share that always had gradients.
        var steps = memory.Select(each => each.Step)
            .Distinct()
            .ToDictionary(step => step, step => full([], step, ScalarType.Float32, weights[0].device));
        TorchDispatcher.Call(
            name,
            TorchDispatcher.List(weights),
            TorchDispatcher.List(weights.Select(weight => weight.grad!)),
            TorchDispatcher.List(memory.Select(each => each.Average)),
            TorchDispatcher.List(memory.Select(each => each.SquareAverage)),
            TorchDispatcher.List([]),
            TorchDispatcher.List(memory.Select(each => steps[each.Step])),
            TorchDispatcher.Number(options.Rate),
            TorchDispatcher.Number(options.Beta1),
            TorchDispatcher.Number(options.Beta2),
            TorchDispatcher.Number(options.WeightDecay),
            TorchDispatcher.Number(options.Epsilon),
            TorchDispatcher.Flag(false),
            TorchDispatcher.Flag(false),
            TorchDispatcher.None,
            TorchDispatcher.None);
    }
}
