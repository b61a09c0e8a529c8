namespace MarginNet.Lipschitz;

/// <summary>The residual layer x − GᵀReLU(Gx + b) of a linear map G. Between two inputs it is I − GᵀDG with D in [0, 1], of norm at most max(1, ‖G‖² − 1).</summary>
internal sealed record SllLayer(string Name, Layer Map) : Layer(Name)
{
    public override string Kind => "residual";

    public override FeatureShape Output(FeatureShape input)
    {
        Map.Output(input);
        return input;
    }

    public override (UpperBound Bound, string Method) Bound(FeatureShape input)
    {
        var (norm, method) = Map.Bound(input);
        var excess = Math.BitIncrement((norm * norm).Value - 1);
        return (new(Math.Max(1, excess)), method);
    }
}
