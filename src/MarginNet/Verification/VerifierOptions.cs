namespace MarginNet.Verification;

/// <summary>How a property is decided.</summary>
public sealed record VerifierOptions
{
    /// <summary>The longest time. Default one minute.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The seed of random starts. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The threads that split inputs. Default, and 0, as many as LibTorch has, which is loaded only when that is asked.</summary>
    public int Threads { get => field > 0 ? field : TorchSharp.torch.get_num_threads(); init; }

    /// <summary>Computes the outputs of one input as the network's user does; a counterexample counts only where it holds there. Null
    /// for the graph itself.</summary>
    internal Func<float[], float[]>? Witness { get; init; }
}
