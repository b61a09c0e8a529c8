using System.Diagnostics;
using MarginNet.Graph;

namespace MarginNet.Verification;

/// <summary>Decides properties of networks.</summary>
internal static class Verifier
{
    /// <summary>Searches a counterexample; proves nothing.</summary>
    /// <param name="graph">The network, of as many inputs and outputs as the property.</param>
    /// <param name="property">The property.</param>
    /// <param name="options">How long, and where a counterexample is to hold.</param>
    /// <param name="cancellation">Stops it.</param>
    public static Verdict Decide(
        NetworkGraph graph, Property property, VerifierOptions options, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var attack = Falsifier.Search(
            graph, property, new() { TimeLimit = options.TimeLimit, Seed = options.Seed, Witness = options.Witness }, cancellation);
        var seconds = clock.Elapsed.TotalSeconds;
        return attack switch
        {
            { Input: { } input, Output: { } output } => new(
                Answer.Sat, [.. input], [.. output], $"The attack found it, as point {attack.Points}.", seconds),
            { Refuted: > 0 } => new(
                Answer.Unknown, null, null,
                $"The attack found {attack.Refuted} counterexamples of the graph, none of which holds where the file is run.", seconds),
            _ when property.Queries.All(query => FloatBox.Gap(query) is not null) => new(
                Answer.Unknown, null, null, "Between the bounds of an input there is no float32 number to be run.", seconds),
            _ when clock.Elapsed >= options.TimeLimit => new(
                Answer.Timeout, null, null, $"The attack found nothing at {attack.Points} points.", seconds),
            _ => new(Answer.Unknown, null, null, $"The attack found nothing at {attack.Points} points.", seconds),
        };
    }
}
