using System.Globalization;

namespace MarginNet.Lipschitz;

/// <summary>A function applied to each number, whose difference quotients lie between two slopes.</summary>
internal sealed record ActivationLayer(string Name, double LowSlope, double HighSlope, bool HasKink) : Layer(Name)
{
    public override string Kind => "activation";

    public override bool IsHomogeneous => HasKink;

    /// <summary>Whether it is a gate: f(u) − f(v) = D(u − v) with a diagonal D in [0, 1].</summary>
    public bool IsGate => LowSlope >= 0 && HighSlope <= 1;

    public override string Settings => string.Create(CultureInfo.InvariantCulture, $"{LowSlope} {HighSlope} {HasKink}");

    public override FeatureShape Output(FeatureShape input) => input;

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) => (new(Math.Max(Math.Abs(LowSlope), Math.Abs(HighSlope))), "exact");

    /// <summary>max(0, u).</summary>
    public static ActivationLayer Relu(string name) => new(name, 0, 1, HasKink: true);

    /// <summary>u for u ≥ 0 and su below.</summary>
    public static ActivationLayer LeakyRelu(string name, double slope) => new(name, Math.Min(slope, 1), Math.Max(slope, 1), HasKink: true);
}
