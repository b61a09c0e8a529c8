using System.Globalization;

namespace MarginNet.Bounds;

/// <summary>A function applied to each number, whose difference quotients lie between two slopes.</summary>
internal sealed record ActivationLayer(string Name, double LowSlope, double HighSlope, bool HasKink) : Layer(Name)
{
    public override string Kind => "activation";

    public override bool IsHomogeneous => HasKink;

    /// <summary>Whether it is a gate: f(u) − f(v) = D(u − v) with a diagonal D in [0, 1].</summary>
    public bool IsGate => LowSlope >= 0 && HighSlope <= 1;

    public override string Settings => string.Create(CultureInfo.InvariantCulture, $"{LowSlope} {HighSlope} {HasKink}");

    /// <summary>Whether it is max(0, u).</summary>
    public bool IsRelu => (LowSlope, HighSlope, HasKink) == (0, 1, true);

    /// <summary>What it makes of 0. Default 0.</summary>
    public double AtZero { get; init; }

    /// <summary>What its values stay below. Default nothing.</summary>
    public double Limit { get; init; } = double.PositiveInfinity;

    public override FeatureShape Output(FeatureShape input) => input;

    public override (UpperBound Bound, string Method) Bound(FeatureShape input) =>
        (new(Math.Max(Math.Abs(LowSlope), Math.Abs(HighSlope))), "exact");

    /// <summary>max(0, u).</summary>
    public static ActivationLayer Relu(string name) => new(name, 0, 1, HasKink: true);

    /// <summary>u for u ≥ 0 and su below.</summary>
    public static ActivationLayer LeakyRelu(string name, double slope) => new(name, Math.Min(slope, 1), Math.Max(slope, 1), HasKink: true);

    /// <summary>ReLU is exact, and a leaky one a product; of smooth ones,
    /// LibTorch's vectorised functions are within 4 units in the last place.</summary>
    public override ForwardSignal Rounded(ForwardSignal signal, FeatureShape input)
    {
        var slope = Bound(input).Bound.Value;
        if (HasKink)
        {
            return signal.Through(slope, IsRelu ? 0 : 2, input.Count);
        }

        if (double.IsInfinity(Limit))
        {
            return base.Rounded(signal, input);
        }

        var root = Rounding.RootUp(input.Count);
        var limit = new AffineBound(Rounding.ProductUp(Limit, root), 0);
        var values = ((signal.Reached * slope) + Rounding.ProductUp(AtZero, root)).Least(limit);
        // e⁻ᵘ overflows where 1/(1 + e⁻ᵘ) has not all its digits.
        var underflow = Rounding.ProductUp(signal.Format.Smallest / signal.Format.Unit, root);
        return signal.Next(limit, (signal.Error * slope) + signal.Format.Roundings(8, values, input.Count) + underflow);
    }
}
