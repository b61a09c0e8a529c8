namespace MarginNet.Bounds;

/// <summary>The maximum of each window: its square moves by at most the square of the number that moves most,
/// and a number is in a bounded number of windows.</summary>
internal sealed record MaxPoolLayer(string Name, PoolAxis Vertical, PoolAxis Horizontal) : Layer(Name)
{
    public override string Kind => "max pool";

    public override bool IsHomogeneous => true;

    public override string Settings => $"{Vertical} {Horizontal}";

    public override FeatureShape Output(FeatureShape input) =>
        (Vertical.Outputs(input.Height), Horizontal.Outputs(input.Width)) is ( > 0 and var height, > 0 and var width)
            ? new(input.Channels, height, width)
            : throw Misfit(input, "images of at least the size of its window");

    public override (UpperBound Bound, string Method) Bound(FeatureShape input)
    {
        var overlap = (double)Vertical.Overlap(input.Height) * Horizontal.Overlap(input.Width);
        return (new(overlap == 1 ? 1 : Rounding.RootUp(overlap)), overlap == 1 ? "disjoint windows" : "root of the overlap");
    }

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) =>
        signal.Through(Bound(input).Bound.Value, 0, Output(input).Count);
}
