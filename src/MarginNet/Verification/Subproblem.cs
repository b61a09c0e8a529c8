using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>A part of the inputs on which a linear function of the scores has yet to be bounded.</summary>
/// <param name="Row">Which function.</param>
/// <param name="Splits">What tells the part.</param>
/// <param name="Prices">The price of each split.</param>
/// <param name="Shares">All slopes, shape [P]; disposed with this.</param>
/// <param name="Lower">The lower bound so far.</param>
/// <param name="Next">The neuron to split; null where none is left.</param>
internal sealed record Subproblem(
    int Row, ImmutableArray<Split> Splits, ImmutableArray<float> Prices, Tensor Shares, double Lower, (int Step, int Neuron)? Next) : IDisposable
{
    public void Dispose() => Shares.Dispose();
}
