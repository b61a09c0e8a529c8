namespace MarginNet.Verification;

/// <summary>What is known of one neuron in a part of the inputs.</summary>
/// <param name="Step">The step of its gate.</param>
/// <param name="Neuron">Its place in the gate's input.</param>
/// <param name="IsOpen">Whether its input is at least 0; else at most 0.</param>
internal readonly record struct Split(int Step, int Neuron, bool IsOpen);
