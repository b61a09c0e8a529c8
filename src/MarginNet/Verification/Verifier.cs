using System.Diagnostics;
using MarginNet.Graph;

namespace MarginNet.Verification;

/// <summary>Decides properties of networks: an attack first, then branch and bound.</summary>
internal static class Verifier
{
    private const double AttackShare = 0.1; // Of the time.

    /// <summary>Searches a counterexample, and a proof that there is none.</summary>
    /// <param name="graph">The network, of as many inputs and outputs as the property.</param>
    /// <param name="property">The property.</param>
    /// <param name="options">How long, and where a counterexample is to hold.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>What was found; that there is no counterexample is proven for the network of exact numbers that the file has.</returns>
    public static Verdict Decide(
        NetworkGraph graph, Property property, VerifierOptions options, CancellationToken cancellation = default)
    {
        var clock = Stopwatch.StartNew();
        var attack = Attack(AttackShare * options.TimeLimit);
        if (attack.Input is not null)
        {
            return Found(attack);
        }

        try
        {
            using var proof = new NeuronProof(graph);
            if (property.Queries.All(query => proof.Prove(query, share => clock.Elapsed >= share * options.TimeLimit, cancellation)))
            {
                return Say(Answer.Unsat, Invariant($"Proven by bounds on {proof.Bounded} parts of the inputs."));
            }

            if (clock.Elapsed >= options.TimeLimit)
            {
                return Say(Answer.Timeout, Invariant($"Bounds on {proof.Bounded} parts of the inputs left some undecided."));
            }
        }
        catch (NotSupportedException e)
        {
            return Again(e.Message);
        }

        return Again("Bounds leave parts of the inputs undecided of which no neuron is left to split.");

        string Invariant(FormattableString text) => FormattableString.Invariant(text);

        Verdict Say(Answer answer, string reason) => new(answer, null, null, reason, clock.Elapsed.TotalSeconds);

        Falsification Attack(TimeSpan limit) => Falsifier.Search(
            graph, property, new() { TimeLimit = limit, Seed = options.Seed, Witness = options.Witness }, cancellation);

        Verdict Found(Falsification attack) => new(
            Answer.Sat, [.. attack.Input!], [.. attack.Output!], $"The attack found it, as point {attack.Points}.", clock.Elapsed.TotalSeconds);

        // What cannot be proven may yet be found.
        Verdict Again(string reason)
        {
            var left = options.TimeLimit - clock.Elapsed;
            var last = left > TimeSpan.Zero ? Attack(left) : attack;
            return last.Input is not null ? Found(last)
                : last.Refuted > 0 ? Say(Answer.Unknown, Invariant(
                    $"The attack found {last.Refuted} counterexamples of the graph, none of which holds where the file is run."))
                : property.Queries.All(query => FloatBox.Gap(query) is not null)
                    ? Say(Answer.Unknown, "Between the bounds of an input there is no float32 number to be run.")
                    : Say(clock.Elapsed >= options.TimeLimit ? Answer.Timeout : Answer.Unknown, reason);
        }
    }
}
