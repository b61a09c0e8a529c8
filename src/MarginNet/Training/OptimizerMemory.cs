using MarginNet.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>What an optimiser remembers of the steps it took: a dictionary for each parameter, under PyTorch's names.</summary>
internal static class OptimizerMemory
{
    private const string Momentum = "momentum_buffer";
    private const string Step = "step";
    private const string Average = "exp_avg";
    private const string SquareAverage = "exp_avg_sq";

    public static List<object?> Capture(OptimizerHelper optimizer) => [.. optimizer.state_dict().State.Select(Capture)];

    /// <summary>Makes the optimiser remember what was captured from one of the same kind and parameters.</summary>
    public static void Restore(OptimizerHelper optimizer, PlainDictionary[] stored)
    {
        var parameters = optimizer.parameters().ToArray();
        var memory = optimizer.state_dict().State;
        if (stored.Length != memory.Count)
        {
            throw new InvalidDataException($"Expected an optimiser of {memory.Count} parameters, but found {stored.Length}.");
        }

        for (var i = 0; i < stored.Length; i++)
        {
            Restore(memory[i], stored[i], parameters[i]);
        }
    }

    private static Dictionary<string, object?> Capture(OptimizerState memory) => memory switch
    {
        SGD.State sgd => new() { [Momentum] = sgd.momentum_buffer is null ? null : StoredTensor.FromTensor(sgd.momentum_buffer) },
        AdamW.State adam => Averages(adam.step, adam.exp_avg, adam.exp_avg_sq),
        Adam.State adam => Averages(adam.step, adam.exp_avg, adam.exp_avg_sq),
        _ => throw new NotSupportedException($"The memory of {memory.GetType()} is not known."),
    };

    private static Dictionary<string, object?> Averages(long step, Tensor average, Tensor squareAverage) => new()
    {
        [Step] = step,
        [Average] = StoredTensor.FromTensor(average),
        [SquareAverage] = StoredTensor.FromTensor(squareAverage),
    };

    private static void Restore(OptimizerState memory, PlainDictionary stored, Parameter parameter)
    {
        switch (memory)
        {
            case SGD.State sgd:
                RestoreMomentum(sgd, stored, parameter);
                break;
            case AdamW.State adam:
                adam.step = stored.Count(Step);
                stored.CopyTo(Average, adam.exp_avg);
                stored.CopyTo(SquareAverage, adam.exp_avg_sq);
                break;
            case Adam.State adam:
                adam.step = stored.Count(Step);
                stored.CopyTo(Average, adam.exp_avg);
                stored.CopyTo(SquareAverage, adam.exp_avg_sq);
                break;
        }
    }

    /// <summary>The momentum appears with the first gradient, in the memory order of its parameter.</summary>
    private static void RestoreMomentum(SGD.State sgd, PlainDictionary stored, Parameter parameter)
    {
        sgd.momentum_buffer?.Dispose();
        sgd.momentum_buffer = null;
        if (stored.Has(Momentum))
        {
            sgd.momentum_buffer = zeros_like(parameter).DetachFromDisposeScope();
            stored.CopyTo(Momentum, sgd.momentum_buffer);
        }
    }
}
