using MarginNet.Models;

namespace MarginNet.Foreign;

/// <summary>What is known of a network that is a program.</summary>
internal sealed record ProgramOptions : ClassifierOptions;
