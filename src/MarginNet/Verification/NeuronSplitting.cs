using MarginNet.Native;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>
/// Branch and bound over neurons: where the bound of a linear function of the scores is not positive, the inputs are parted by the sign of
/// one neuron, and each part is bounded again, with what is known of the neuron priced in (β-CROWN, Wang et al. 2021). Which neuron is
/// chosen by trying the most promising (Palma et al. 2021).
/// </summary>
/// <remarks>Bounds are searched for in the arithmetic of one propagation, and count once they are positive in that of the other.</remarks>
internal sealed class NeuronSplitting
{
    private const int LastIterations = 600; // Of subproblems that cannot be split any more.
    private const double LastDecay = 0.995;
    private const int MostRefinedAtOnce = 32;
    private const long MostNumbers = 1 << 22; // Slopes of a batch.

    private readonly BoundPropagation _search;
    private readonly Func<BoundPropagation> _proof;
    private readonly GateBatch _gates;
    private readonly Tensor _rows; // [K, C]
    private readonly Tensor _offsets; // [K]
    private readonly Func<bool> _isOver;
    private readonly OptimizerOptions _options;
    private GateBatch? _proofGates;

    /// <param name="search">Bounds of all values at the root, to search with.</param>
    /// <param name="proof">The same to prove with; asked for once, when there is something to prove.</param>
    /// <param name="rows">The linear functions, shape [K, C], in double precision.</param>
    /// <param name="offsets">Their values at 0, shape [K], in double precision.</param>
    /// <param name="options">How choices are optimised.</param>
    /// <param name="isOver">Whether to give up.</param>
    public NeuronSplitting(
        BoundPropagation search, Func<BoundPropagation> proof, Tensor rows, Tensor offsets, OptimizerOptions options, Func<bool> isOver)
    {
        (_search, _proof, _rows, _offsets, _options, _isOver) = (search, proof, rows, offsets, options, isOver);
        _gates = new(search);
        Batch = (int)Math.Clamp(MostNumbers / Math.Max(1, _gates.Size), 4, 512);
    }

    /// <summary>The most subproblems at once.</summary>
    public int Batch { get; init; }

    /// <summary>The slopes by which the inputs of gates are bounded again in each part, which costs much more than bounding the functions;
    /// null where they are not. Default null.</summary>
    public Refinement? Refinement { get; init; }

    /// <summary>The most splits in a row.</summary>
    public int Depth { get; private set; }

    /// <summary>The neurons that were split.</summary>
    public HashSet<(int Step, long Neuron)> Neurons { get; } = [];

    /// <summary>The smallest lower bound that a subproblem was proven by; +∞ where none was.</summary>
    public double LeastBound { get; private set; } = double.PositiveInfinity;

    private int AtOnce => Refinement is null ? Batch : Math.Min(Batch, MostRefinedAtOnce);

    /// <summary>The subproblems that were bounded.</summary>
    public long Bounded { get; private set; }

    /// <summary>Shows all functions to be positive on all inputs.</summary>
    /// <returns>Whether that was proven; false where time was up, or no neuron was left to split.</returns>
    public bool Prove()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var queue = new PriorityQueue<Subproblem, double>();
        try
        {
            if (!Bound([.. Enumerable.Range(0, (int)_rows.shape[0]).Select(row => new Subproblem(
                row, [], [], Initial().DetachFromDisposeScope(), null, double.NegativeInfinity, null))], queue))
            {
                return false;
            }

            while (queue.Count > 0)
            {
                var parents = new List<Subproblem>();
                while (queue.Count > 0 && parents.Count < Math.Max(1, AtOnce / 2))
                {
                    parents.Add(queue.Dequeue());
                }

                var children = parents.SelectMany(parent => (Subproblem[])[parent.Half(isOpen: true), parent.Half(isOpen: false)]).ToList();
                var isGoing = !_isOver() && Bound(children, queue);
                parents.ForEach(parent => parent.Dispose());
                if (!isGoing)
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            while (queue.TryDequeue(out var left, out _))
            {
                left.Dispose();
            }
        }
    }

    private Tensor Initial()
    {
        using var scope = NewDisposeScope();
        var bounds = _gates.Bounds;
        return bounds.Upper.gt(-bounds.Lower).to(_search.Graph.Type).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>Bounds subproblems, and queues those that are not proven.</summary>
    /// <returns>False where one has nothing left to split.</returns>
    private bool Bound(List<Subproblem> batch, PriorityQueue<Subproblem, double> queue)
    {
        using var scope = NewDisposeScope();
        var (type, count) = (_search.Graph.Type, batch.Count);
        var all = new SubproblemBatch(
            Spread(batch, (subproblem, i) => subproblem.Splits[i].IsOpen ? 1 : -1).to(type),
            batch[0].Known is null ? _gates.Bounds : new(
                stack([.. batch.Select(subproblem => subproblem.Known!.Value.Lower)]),
                stack([.. batch.Select(subproblem => subproblem.Known!.Value.Upper)])),
            stack([.. batch.Select(subproblem => subproblem.Shares)]),
            Spread(batch, (subproblem, i) => subproblem.Prices[i]).to(type),
            _rows.index_select(0, Functions(batch)).to(type).unsqueeze(0));
        using var bounds = _gates.With(all.Clamped);
        if (Refinement is not null && batch[0].Splits.Length > 0)
        {
            // Of the others their parents' bounds hold.
            Refinement.Apply(bounds, batch.Min(subproblem => subproblem.Splits[^1].Step));
            all = all with { Bounds = _gates.Of(bounds, count) };
        }

        (all, var least, var isProven) = Optimize(batch, all, bounds, _options);
        (Bounded, Depth) = (Bounded + count, Math.Max(Depth, batch.Max(subproblem => subproblem.Splits.Length)));
        int[] open = [.. Enumerable.Range(0, count).Where(i => !isProven[i])];
        return open.Length == 0
            || Enqueue([.. open.Select(i => batch[i] with { Lower = Math.Max(batch[i].Lower, least[i]) })],
                all.Take(tensor([.. open.Select(i => (long)i)])), queue);
    }

    private bool Enqueue(List<Subproblem> open, SubproblemBatch all, PriorityQueue<Subproblem, double> queue)
    {
        var next = NeuronChoice.Choose(_gates, all, Math.Max(AtOnce, 256), _options.Enough);
        int[] ended = [.. Enumerable.Range(0, open.Count).Where(k => next[k] is null)];
        if (ended.Length > 0
            && !Finish([.. ended.Select(k => open[k])], all.Take(tensor([.. ended.Select(k => (long)k)]))))
        {
            return false;
        }

        var prices = all.Prices.to(ScalarType.Float32).data<float>().ToArray();
        var clamped = all.Clamped;
        for (var k = 0; k < open.Count; k++)
        {
            if (next[k] is not { } neuron)
            {
                continue;
            }

            Neurons.Add((neuron.Step, neuron.Neuron));
            var start = k * _gates.Size;
            var subproblem = open[k] with
            {
                Next = neuron,
                Prices = [.. open[k].Splits.Select(split => prices[start + _gates.Place(split)])],
                Shares = all.Shares[k].clone().DetachFromDisposeScope(),
                Known = Refinement is not null ? new(
                    clamped.Lower[Math.Min(k, clamped.Lower.shape[0] - 1)].clone().DetachFromDisposeScope(),
                    clamped.Upper[Math.Min(k, clamped.Upper.shape[0] - 1)].clone().DetachFromDisposeScope()) : null,
            };
            queue.Enqueue(subproblem, double.IsNaN(subproblem.Lower) ? double.NegativeInfinity : subproblem.Lower);
        }

        return true;
    }

    /// <summary>Where no neuron is left to split, what is left is a linear program, whose prices are searched for longer.</summary>
    /// <returns>Whether all are proven.</returns>
    private bool Finish(List<Subproblem> batch, SubproblemBatch all)
    {
        using var scope = NewDisposeScope();
        using var bounds = _gates.With(all.Clamped);
        var (_, _, isProven) = Optimize(batch, all, bounds, _options with { Iterations = LastIterations, Decay = LastDecay });
        return Array.TrueForAll(isProven, proven => proven);
    }

    /// <summary>Optimises slopes and prices of subproblems.</summary>
    /// <returns>The subproblems with those, the lower bound of each, and whether it is proven.</returns>
    private (SubproblemBatch All, double[] Least, bool[] IsProven) Optimize(
        List<Subproblem> batch, SubproblemBatch all, BoundPropagation bounds, OptimizerOptions options)
    {
        var offsets = _offsets.index_select(0, Functions(batch)).to(_search.Graph.Type);
        var (lower, choices) = ChoiceOptimizer.Run(
            bounds, _search.Graph.Output, all.Rows, _gates.Choices(all), options, offsets, _isOver);
        var least = lower.flatten().to(ScalarType.Float64).data<double>().ToArray();
        var isProven = Array.ConvertAll(least, value => value > options.Enough);
        var (shares, prices) = _gates.Join(choices, batch.Count);
        all = all with { Shares = shares, Prices = prices };
        Confirm(isProven, batch, all);
        return (all, least, isProven);
    }

    private static Tensor Functions(IEnumerable<Subproblem> batch) => tensor([.. batch.Select(subproblem => (long)subproblem.Row)]);

    /// <summary>A number of each split at the place of its neuron, zeros elsewhere, shape [B, P].</summary>
    private Tensor Spread(List<Subproblem> batch, Func<Subproblem, int, float> number)
    {
        var numbers = new float[batch.Count * _gates.Size];
        for (var b = 0; b < batch.Count; b++)
        {
            for (var i = 0; i < batch[b].Splits.Length; i++)
            {
                numbers[(b * _gates.Size) + _gates.Place(batch[b].Splits[i])] = number(batch[b], i);
            }
        }

        return tensor(numbers, batch.Count, _gates.Size);
    }

    /// <summary>Takes back what is not positive in the arithmetic that proves.</summary>
    private void Confirm(bool[] isProven, List<Subproblem> batch, SubproblemBatch all)
    {
        int[] claimed = [.. Enumerable.Range(0, isProven.Length).Where(i => isProven[i])];
        if (claimed.Length == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        _proofGates ??= new(_proof());
        var functions = Functions(claimed.Select(i => batch[i]));
        var own = all.Take(tensor([.. claimed.Select(i => (long)i)])).To(ScalarType.Float64) with
        {
            Bounds = _proofGates.Bounds,
            Rows = _rows.index_select(0, functions).unsqueeze(0),
        };
        using var bounds = _proofGates.With(own.Clamped);
        if (batch[0].Splits.Length > 0)
        {
            Refinement?.Apply(bounds);
        }

        var lower = bounds.Lower(bounds.Graph.Output, own.Rows, _proofGates.Choices(own with { Prices = own.Prices.AtLeast(0) })).flatten();
        // One more rounding.
        var least = (lower.Plus(_offsets.index_select(0, functions)) - lower.abs().Plus(1).Times(1e-15)).data<double>().ToArray();
        for (var k = 0; k < claimed.Length; k++)
        {
            isProven[claimed[k]] = least[k] > 0;
            LeastBound = least[k] > 0 ? Math.Min(LeastBound, least[k]) : LeastBound;
        }
    }
}
