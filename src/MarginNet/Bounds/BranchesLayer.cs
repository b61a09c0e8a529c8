namespace MarginNet.Bounds;

/// <summary>The values of several branches of one value, channels behind channels: ‖Δ‖² is the sum of the branches'.</summary>
internal sealed record BranchesLayer(string Name, IReadOnlyList<IReadOnlyList<Layer>> Branches) : Layer(Name)
{
    public override string Kind => "branches";

    public override string Settings => string.Join(" | ", Branches.Select(LayerChain.Describe));

    public override FeatureShape Output(FeatureShape input)
    {
        FeatureShape[] outputs = [.. Branches.Select(branch => LayerChain.Output(branch, input))];
        return Array.TrueForAll(outputs, output => output with { Channels = 1 } == outputs[0] with { Channels = 1 })
            ? outputs[0] with { Channels = outputs.Sum(output => output.Channels) }
            : throw new ArgumentException($"Layer '{Name}' joins {string.Join(" and ", outputs)}, which do not fit.", nameof(input));
    }

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) =>
        (new(Rounding.Norm(Branches.Select(branch => LayerChain.Product(branch, input).Value))), "root of the branches' squares");

    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input)
    {
        ForwardSignal[] ends = [.. Branches.Select(branch => LayerChain.Rounded(branch, signal, input))];
        return ends.Aggregate((left, right) => left.Next(left.Norm + right.Norm, left.Error + right.Error, right.Peak));
    }
}
