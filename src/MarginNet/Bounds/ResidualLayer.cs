namespace MarginNet.Bounds;

/// <summary>The sum of a body g(x) and a skip s(x), which is x where it has no layer.</summary>
internal sealed record ResidualLayer(string Name, IReadOnlyList<Layer> Body, IReadOnlyList<Layer> Skip) : Layer(Name)
{
    /// <summary>The sum of two branches, the longer of which is the body.</summary>
    public static ResidualLayer Of(string name, IReadOnlyList<Layer> first, IReadOnlyList<Layer> second) =>
        first.Count >= second.Count ? new(name, first, second) : new(name, second, first);

    public override string Kind => "residual";

    public override string Settings => $"({LayerChain.Describe(Body)}) + ({LayerChain.Describe(Skip)})";

    public override FeatureShape Output(FeatureShape input)
    {
        var (body, skip) = (LayerChain.Output(Body, input), LayerChain.Output(Skip, input));
        return body == skip
            ? body
            : throw new ArgumentException($"Layer '{Name}' adds {body} and {skip}, which do not fit.", nameof(input));
    }

    /// <summary>The smallest of ‖s‖ + ‖g‖, for s(x) + W₂φ(W₁x) with a gate φ of ‖S + ½W₂W₁‖ + ½‖W₂‖‖W₁‖, and for x + g(x) of
    /// <see cref="ContractionBound"/>.</summary>
    public override (UpperBound Bound, string Method) Bound(FeatureShape input)
    {
        var sum = LayerChain.Product(Skip, input) + LayerChain.Product(Body, input);
        var (bound, method) = Centered(input) is { } centered && centered < sum ? (centered, "half the gate") : (sum, "skip + body");
        return Skip.Count == 0 && ContractionBound.Of(Body, input) is { } contraction && contraction < bound
            ? (contraction, "contraction") : (bound, method);
    }

    private UpperBound? Centered(FeatureShape input)
    {
        // φ(u) − φ(v) = ½(I + R)(u − v) with ‖R‖ ≤ 1.
        if (LayerChain.Segments(Body, input) is not [var first, var second] || LayerChain.Matrix(Skip, input) is not { } skip)
        {
            return null;
        }

        var half = new UpperBound(0.5);
        return (skip + (second * first).TimesPowerOfTwo(-1)).Norm() + (half * first.Norm() * second.Norm());
    }

    /// <summary>Both ways, and the sum of each number.</summary>
    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input)
    {
        var (body, skip) = (LayerChain.Rounded(Body, signal, input), LayerChain.Rounded(Skip, signal, input));
        var error = body.Error + skip.Error + signal.Format.Roundings(1, body.Reached + skip.Reached, Output(input).Count);
        return body.Next(body.Norm + skip.Norm, error, skip.Peak);
    }
}
