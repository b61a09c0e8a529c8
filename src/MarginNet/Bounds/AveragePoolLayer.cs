namespace MarginNet.Bounds;

/// <summary>The average of each window: a Kronecker product of one matrix for each axis, whose norm is the product of theirs.</summary>
internal sealed record AveragePoolLayer(string Name, PoolAxis Vertical, PoolAxis Horizontal) : Layer(Name)
{
    public override string Kind => "average pool";

    public override bool IsHomogeneous => true;

    public override string Settings => $"{Vertical} {Horizontal}";

    public override FeatureShape Output(FeatureShape input) =>
        (Vertical.Outputs(input.Height), Horizontal.Outputs(input.Width)) is ( > 0 and var height, > 0 and var width)
            ? new(input.Channels, height, width)
            : throw Misfit(input, "images of at least the size of its window");

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) =>
        (Vertical.AverageNorm(input.Height) * Horizontal.AverageNorm(input.Width), "Kronecker product");

    /// <summary>A sum of each window, and a quotient or product.</summary>
    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input)
    {
        var window = (double)Vertical.LargestWindow(input.Height) * Horizontal.LargestWindow(input.Width);
        var next = signal.Through(Bound(input).Bound.Value, window + 3, Output(input).Count);
        return next with { Peak = next.Peak.Or(signal.Reached * window) };
    }
}
