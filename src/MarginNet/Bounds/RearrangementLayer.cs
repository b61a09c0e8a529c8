namespace MarginNet.Bounds;

/// <summary>A layer that only moves numbers, such as pixels into channels, or adds zeros: distances stay what they are.</summary>
internal sealed record RearrangementLayer(string Name, Func<FeatureShape, FeatureShape> Rearrange) : Layer(Name)
{
    public override string Kind => "rearrangement";

    public override bool IsHomogeneous => false; // Channels after it are not channels before it.

    public override FeatureShape Output(FeatureShape input) => Rearrange(input);

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => (new(1), "exact");

    /// <summary>Squares of so many pixels to a side into channels.</summary>
    public static RearrangementLayer PixelUnshuffle(string name, int side) =>
        new(name, shape => new(shape.Channels * side * side, shape.Height / side, shape.Width / side));

    /// <summary>Zero channels behind those there are, until there are that many.</summary>
    public static RearrangementLayer PadChannels(string name, int channels) => new(name, shape => shape with { Channels = channels });

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) => signal;
}
