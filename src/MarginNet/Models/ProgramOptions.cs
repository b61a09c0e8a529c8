namespace MarginNet.Models;

/// <summary>What is known of a network that is a program.</summary>
internal sealed record ProgramOptions : ClassifierOptions
{
    /// <summary>0: a program brings its weights itself.</summary>
    internal override long KernelWeights => 0;
}
