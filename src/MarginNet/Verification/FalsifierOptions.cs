namespace MarginNet.Verification;

/// <summary>How long and how a counterexample is searched.</summary>
internal sealed record FalsifierOptions
{
    /// <summary>The longest time. Default ten seconds.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rounds of starts, each followed by steps of the gradient. Default 100.</summary>
    public int Rounds { get; init; } = 100;

    /// <summary>Steps from each start. Default 60.</summary>
    public int Steps { get; init; } = 60;

    /// <summary>The seed of random points. Default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Computes the outputs of one input as the network's user does. Null for the graph itself.</summary>
    public Func<float[], float[]>? Witness { get; init; }
}
