using System.Collections.Immutable;
using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>A part of the inputs on which a linear function of the scores has yet to be bounded.</summary>
/// <param name="Row">Which function.</param>
/// <param name="Splits">What tells the part.</param>
/// <param name="Prices">The price of each split.</param>
/// <param name="Shares">All slopes, shape [P]; disposed with this.</param>
/// <param name="Known">The bounds of all inputs of gates there, shape [P], where they are not those of the root; disposed with
/// this.</param>
/// <param name="Lower">The lower bound so far.</param>
/// <param name="Next">The neuron to split; null where none is left.</param>
internal sealed record Subproblem(
    int Row, ImmutableArray<Split> Splits, ImmutableArray<float> Prices, Tensor Shares, Interval? Known, double Lower,
    (int Step, int Neuron)? Next) : IDisposable
{
    /// <summary>One half of it, by the sign of the neuron that is to be split; it has this one's tensors.</summary>
    public Subproblem Half(bool isOpen) => this with
    {
        Splits = Splits.Add(new(Next!.Value.Step, Next.Value.Neuron, isOpen)),
        Prices = Prices.Add(0),
    };

    public void Dispose()
    {
        Shares.Dispose();
        Known?.Lower.Dispose();
        Known?.Upper.Dispose();
    }
}
