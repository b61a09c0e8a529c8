namespace MarginNet.Bounds;

/// <summary>Images as vectors.</summary>
internal sealed record FlattenLayer(string Name) : Layer(Name)
{
    public override string Kind => "flatten";

    public override FeatureShape Output(FeatureShape input) => new(input.Count);

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => (new(1), "exact");

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) => signal;
}
