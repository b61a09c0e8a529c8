using MarginNet.Losses;
using MarginNet.Training;

namespace MarginNet.Cli.Reproduction;

/// <summary>One network of the experiment.</summary>
/// <param name="Key">What its files are called, such as <c>mu50</c>.</param>
/// <param name="Title">What tables call it.</param>
/// <param name="Options">How it is trained; the seed is set for each repetition.</param>
internal sealed record NetworkRun(string Key, string Title, TrainingOptions Options)
{
    /// <summary>Its column of the paper's Table I; null where the paper has none.</summary>
    public PaperResult? Paper { get; init; }

    /// <summary>Whether it is trained without a margin.</summary>
    public bool IsBaseline => Options.Loss == MarginLoss.CrossEntropy;

    /// <summary>The paper's figure that shows its margins; null where there is none.</summary>
    public int? PaperFigure { get; init; }
}

/// <summary>A column of the paper's Table I, as shares in [0, 1].</summary>
/// <param name="Clean">Accuracy on the test images.</param>
/// <param name="Attacked">Accuracy on them under the attack.</param>
internal sealed record PaperResult(double Clean, double Attacked);
