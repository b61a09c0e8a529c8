using System.Diagnostics;
using MarginNet.Graph;
using MarginNet.Native;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>Decides properties of networks: an attack first, then branch and bound.</summary>
internal static class Verifier
{
    private const double AttackShare = 0.1; // Of the time,
    private const double FirstAttack = 3; // and at most so many seconds;
    private const double ShortAttack = 0.25; // before inputs are split, which looks for counterexamples of itself.

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
        using var splitting = InputSplitting.Of(graph, RoundingModel.Exact);
        var attack = Attack(TimeSpan.FromSeconds(
            Math.Min(splitting is null ? FirstAttack : ShortAttack, AttackShare * options.TimeLimit.TotalSeconds)));
        if (attack.Input is not null)
        {
            return Found(attack);
        }

        if (clock.Elapsed >= options.TimeLimit)
        {
            return Say(Answer.Timeout, "The time was over before anything was bounded.");
        }

        if (splitting is not null)
        {
            return BySplitting(splitting);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var left = options.TimeLimit - clock.Elapsed;
        limit.CancelAfter((int)Math.Clamp(left.TotalMilliseconds, 0, int.MaxValue));
        try
        {
            using var fast = RelaxedGraph.Of(graph, ScalarType.Float32);
            using var precise = RelaxedGraph.Of(graph, ScalarType.Float64);
            var proof = new NeuronProof(fast, precise, RoundingModel.Exact);
            if (property.Queries.All(query => proof.Prove(
                Box(query), search => Functions(search, query), share => clock.Elapsed >= share * options.TimeLimit, limit.Token)))
            {
                return Proven(proof.Parameters);
            }

            if (clock.Elapsed >= options.TimeLimit)
            {
                return Say(Answer.Timeout, Invariant($"Bounds on {proof.Parameters.Parts} parts of the inputs left some undecided."));
            }
        }
        catch (NotSupportedException e)
        {
            return Again(e.Message);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Say(Answer.Timeout, "Time was over before all values were bounded.");
        }

        return Again("Bounds leave parts of the inputs undecided of which no neuron is left to split.");

        Verdict BySplitting(InputSplitting splitting)
        {
            var (cells, depth, refuted) = (0L, 0, 0);
            var isOpen = false;
            foreach (var query in property.Queries)
            {
                var result = splitting.Decide(
                    query, Math.Max(1, options.Threads), input => Outputs(input) is { } outputs && query.IsViolatedBy(input, outputs),
                    () => cancellation.IsCancellationRequested || clock.Elapsed >= options.TimeLimit);
                cancellation.ThrowIfCancellationRequested();
                (cells, depth, refuted) = (cells + result.Cells, Math.Max(depth, result.Depth), refuted + result.Refuted);
                if (result is { Answer: Answer.Sat, Input: { } found })
                {
                    return new(
                        Answer.Sat, [.. found], [.. Outputs([.. found])!],
                        Invariant($"Found by splitting inputs into {cells} parts."), clock.Elapsed.TotalSeconds);
                }

                isOpen |= result.Answer != Answer.Unsat;
            }

            return !isOpen ? Proven(new(IsByInputs: true, cells, depth, null, null))
                : Say(
                    clock.Elapsed >= options.TimeLimit ? Answer.Timeout : Answer.Unknown,
                    refuted > 0
                        ? Invariant($"The search found {refuted} counterexamples of the graph, none of which holds where the file is run.")
                        : Invariant($"Bounds on {cells} parts of the inputs left some undecided."));
        }

        double[]? Outputs(double[] input)
        {
            var values = Array.ConvertAll(input, value => (float)value);
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            var outputs = options.Witness is { } witness ? witness(values)
                : graph.Run(tensor(values, graph.Input.At(1)), [.. graph.Parameters.Select(parameter => parameter.Value)])
                    .flatten().data<float>().ToArray();
            return Array.TrueForAll(outputs, float.IsFinite) ? Array.ConvertAll(outputs, value => (double)value) : null;
        }

        string Invariant(FormattableString text) => FormattableString.Invariant(text);

        Verdict Proven(VerificationProof proof) => Say(Answer.Unsat, proof.ToString()) with { Proof = proof };

        Verdict Say(Answer answer, string reason) => new(answer, null, null, reason, clock.Elapsed.TotalSeconds);

        Falsification Attack(TimeSpan limit) => Falsifier.Search(
            graph, property, new() { TimeLimit = limit, Seed = options.Seed, Witness = options.Witness }, cancellation);

        Verdict Found(Falsification attack) => new(
            Answer.Sat, [.. attack.Input!], [.. attack.Output!], $"The attack found it, as point {attack.Points}.",
            clock.Elapsed.TotalSeconds);

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

    private static BoxSet Box(Query query) => new(
        tensor([.. query.Lower], 1, query.Lower.Length), tensor([.. query.Upper], 1, query.Upper.Length));

    /// <summary>Of each conjunction a linear function a·y − b of which it suffices that it is positive: the one with the largest lower
    /// bound among its rows.</summary>
    private static (Tensor Rows, Tensor Offsets) Functions(BoundPropagation search, Query query)
    {
        (double[] Weights, double Limit)[][] all = [.. query.Unsafe.Select(conjunction =>
            conjunction.Weights.Zip(conjunction.Limits, (weights, limit) => (weights.ToArray(), limit)).ToArray())];
        var flat = all.SelectMany(rows => rows).ToArray();
        var (rows, offsets) = (
            tensor([.. flat.SelectMany(row => row.Weights)], flat.Length, flat[0].Weights.Length),
            tensor([.. flat.Select(row => -row.Limit)]));
        var bounds = search.Lower(search.Graph.Output, rows.to(search.Graph.Type).unsqueeze(1), new()).squeeze(1)
            .to(ScalarType.Float64).Plus(offsets);
        var least = bounds.data<double>().ToArray();
        var (chosen, start) = (new List<long>(), 0);
        foreach (var conjunction in all)
        {
            chosen.Add(Enumerable.Range(start, conjunction.Length).MaxBy(row => least[row]));
            start += conjunction.Length;
        }

        var places = tensor([.. chosen]);
        return (rows.index_select(0, places), offsets.index_select(0, places));
    }
}
