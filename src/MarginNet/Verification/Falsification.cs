namespace MarginNet.Verification;

/// <summary>What a search for counterexamples found.</summary>
/// <param name="Input">The counterexample, float32 numbers in the box, shape [inputs]; null where none was found.</param>
/// <param name="Output">The outputs there, shape [outputs].</param>
/// <param name="Points">How many points were looked at.</param>
/// <param name="Refuted">How many counterexamples of the graph did not hold where the network's user runs it.</param>
internal sealed record Falsification(double[]? Input, double[]? Output, long Points, int Refuted);
