namespace MarginNet.Bounds;

/// <summary>A layer that only moves numbers, such as pixels into channels, or adds zeros: distances stay what they are.</summary>
internal sealed record RearrangementLayer(string Name, Func<FeatureShape, FeatureShape> Rearrange) : Layer(Name)
{
    /// <summary>The channels of its input, where it adds channels of zeros behind them and nothing else; else null.</summary>
    public int? LiveChannels { get; init; }

    public override string Kind => "rearrangement";

    public override bool IsHomogeneous => false; // Channels after it are not channels before it.

    public override FeatureShape Output(FeatureShape input) => Rearrange(input);

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => (new(1), "exact");

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) => signal;
}
