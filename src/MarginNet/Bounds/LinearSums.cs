namespace MarginNet.Bounds;

/// <summary>What the rounding of a linear layer Wx + b depends on.</summary>
/// <param name="Norm">A bound of ‖W‖₂.</param>
/// <param name="Absolute">A bound of ‖ |W| ‖₂, of the matrix of absolute values.</param>
/// <param name="Bias">A bound of ‖b‖₂ over all outputs.</param>
/// <param name="LargestRow">A bound of the length of each row of W,</param>
/// <param name="LargestBias">and of each number in b.</param>
/// <param name="Outputs">The numbers it gives.</param>
/// <param name="Order">How they are summed.</param>
/// <param name="WeightRoundings">The units of u by which each weight that the network runs with may differ from the described one.</param>
/// <param name="IsPrecise">Whether they are formed in float64, and only the results rounded to the network's format.</param>
internal sealed record LinearSums(
    double Norm, double Absolute, double Bias, double LargestRow, double LargestBias, long Outputs, SumOrder Order, int WeightRoundings,
    bool IsPrecise)
{
    /// <summary>What rounding comes to for inputs of the given length, those of the computed network.</summary>
    public AffineBound Error(FloatFormat format, AffineBound input) => IsPrecise
        ? Summation(FloatFormat.Double, input) + format.Roundings(2, (input * Norm) + Bias, Outputs)
        : Summation(format, input);

    /// <summary>A bound of every partial sum.</summary>
    public AffineBound Peak(AffineBound input) => (input * LargestRow) + LargestBias;

    public ForwardSignal Apply(ForwardSignal signal) => signal.Next(
        (signal.Norm * Norm) + Bias,
        (signal.Error * Norm) + Error(signal.Format, signal.Reached),
        Peak(signal.Reached));

    private AffineBound Summation(FloatFormat format, AffineBound input) =>
        (Order.Error(format, input * Absolute, input * Norm, Bias, Outputs) * (1 + (WeightRoundings * format.Unit)))
        + (input * Absolute * (WeightRoundings * format.Unit))
        + (input * Rounding.ProductUp(WeightRoundings * format.Smallest * Order.Terms * Order.Blocks, Rounding.RootUp(Outputs)));
}
