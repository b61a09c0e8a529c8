namespace MarginNet.Verification;

/// <summary>How it was proven that a property has no counterexample: in double precision with all rounding covered, of the network of
/// exact numbers that the file has.</summary>
/// <param name="IsByInputs">Whether inputs were split, and neurons where that promised more; else neurons alone.</param>
/// <param name="Parts">The parts that were bounded.</param>
/// <param name="Depth">The most splits in a row.</param>
/// <param name="Neurons">How many neurons were split, of each query; null where inputs were.</param>
/// <param name="LeastBound">The smallest lower bound, above 0, that a part was proven by; null where inputs were split.</param>
public sealed record VerificationProof(bool IsByInputs, long Parts, int Depth, int? Neurons, double? LeastBound)
{
    /// <summary>This, and what splitting neurons has proven beside it.</summary>
    internal VerificationProof And(NeuronSplitting other) => this with
    {
        Parts = Parts + other.Bounded,
        Depth = Math.Max(Depth, other.Depth),
        Neurons = Neurons + other.Neurons.Count,
        LeastBound = LeastBound < other.LeastBound ? LeastBound : other.LeastBound,
    };

    /// <summary>The same in a sentence.</summary>
    public override string ToString()
    {
        var how = FormattableString.Invariant(IsByInputs
            ? (FormattableString)$"inputs: {Parts} parts bounded, at most {Depth} splits deep"
            : $"neurons: {Parts} parts bounded, {Neurons} neurons split, at most {Depth} splits deep, least lower bound {LeastBound:g4}");
        return $"Proven by splitting {how}, in double precision with all rounding covered.";
    }
}
