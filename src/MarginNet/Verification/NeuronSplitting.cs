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
    private const int Tried = 4; // Neurons for each split.
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

    /// <summary>The subproblems that were bounded.</summary>
    public long Bounded { get; private set; }

    /// <summary>The least lower bound among those that are open.</summary>
    public double Worst { get; private set; }

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
                row, [], [], Initial().DetachFromDisposeScope(), double.NegativeInfinity, null))], queue))
            {
                return false;
            }

            while (queue.Count > 0)
            {
                Worst = queue.Peek().Lower;
                var parents = new List<Subproblem>();
                while (queue.Count > 0 && parents.Count < Math.Max(1, Batch / 2))
                {
                    parents.Add(queue.Dequeue());
                }

                var children = parents.SelectMany(parent => (Subproblem[])[Half(parent, isOpen: true), Half(parent, isOpen: false)]).ToList();
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

    private static Subproblem Half(Subproblem parent, bool isOpen) => parent with
    {
        Splits = parent.Splits.Add(new(parent.Next!.Value.Step, parent.Next.Value.Neuron, isOpen)),
        Prices = parent.Prices.Add(0),
    };

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
        var type = _search.Graph.Type;
        var count = batch.Count;
        var signs = Spread(batch, (subproblem, i) => subproblem.Splits[i].IsOpen ? 1 : -1).to(type);
        var prices = Spread(batch, (subproblem, i) => subproblem.Prices[i]).to(type);

        var functions = tensor([.. batch.Select(subproblem => (long)subproblem.Row)]);
        var (rows, offsets) = (_rows.index_select(0, functions).to(type).unsqueeze(0), _offsets.index_select(0, functions).to(type));
        using var bounds = _gates.With(signs);
        var start = _gates.Choices(stack([.. batch.Select(subproblem => subproblem.Shares)]), signs, prices);
        var (lower, choices) = ChoiceOptimizer.Run(bounds, _search.Graph.Output, rows, start, _options, offsets, _isOver);
        Bounded += count;
        var least = lower.flatten().to(ScalarType.Float64).data<double>().ToArray();
        var isProven = Array.ConvertAll(least, value => value > _options.Enough);
        var (shares, found) = _gates.Join(choices, count);
        Confirm(isProven, batch, signs, shares, found);
        int[] open = [.. Enumerable.Range(0, count).Where(i => !isProven[i])];
        if (open.Length == 0)
        {
            return true;
        }

        var places2 = tensor([.. open.Select(i => (long)i)]);
        var (openSigns, openShares, openPrices) = (signs.index_select(0, places2), shares.index_select(0, places2), found.index_select(0, places2));
        var next = Choose(openSigns, openShares, openPrices, rows.index_select(1, places2), [.. open.Select(i => least[i])]);
        var known = openPrices.to(ScalarType.Float32).data<float>().ToArray();
        for (var place = 0; place < open.Length; place++)
        {
            var k = place;
            var subproblem = batch[open[k]];
            if (next[k] is not { } neuron)
            {
                return false;
            }

            float Price(Split split) => known[(k * _gates.Size) + _gates.Place(split)];
            var bound = Math.Max(subproblem.Lower, least[open[k]]);
            queue.Enqueue(
                subproblem with
                {
                    Lower = bound,
                    Next = neuron,
                    Prices = [.. subproblem.Splits.Select(Price)],
                    Shares = openShares[k].clone().DetachFromDisposeScope(),
                },
                double.IsNaN(bound) ? double.NegativeInfinity : bound);
        }

        return true;
    }

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
    private void Confirm(bool[] isProven, List<Subproblem> batch, Tensor signs, Tensor shares, Tensor prices)
    {
        int[] claimed = [.. Enumerable.Range(0, isProven.Length).Where(i => isProven[i])];
        if (claimed.Length == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        _proofGates ??= new(_proof());
        var places = tensor([.. claimed.Select(i => (long)i)]);
        Tensor Take(Tensor all) => all.index_select(0, places).to(ScalarType.Float64);
        var proofSigns = Take(signs);
        using var bounds = _proofGates.With(proofSigns);
        var functions = tensor([.. claimed.Select(i => (long)batch[i].Row)]);
        var lower = bounds.Lower(
            bounds.Graph.Output, _rows.index_select(0, functions).unsqueeze(0),
            _proofGates.Choices(Take(shares), proofSigns, Take(prices).AtLeast(0)));
        // One more rounding.
        var least = (lower.flatten() + _offsets.index_select(0, functions) - lower.flatten().abs().Plus(1).Times(1e-15)).data<double>().ToArray();
        for (var k = 0; k < claimed.Length; k++)
        {
            isProven[claimed[k]] = least[k] > 0;
        }
    }

    /// <summary>The neuron to split in each subproblem: of those with the most to gain the one whose worse half is best.</summary>
    private (int Step, int Neuron)?[] Choose(Tensor signs, Tensor shares, Tensor prices, Tensor rows, double[] least)
    {
        using var scope = NewDisposeScope();
        var count = signs.shape[0];
        using var bounds = _gates.With(signs);
        var visited = new Dictionary<int, Tensor>();
        bounds.Backward(_search.Graph.Output, rows, _gates.Choices(shares, signs, prices), (step, a) => visited[step] = a);
        var a = _gates.Join(visited, count);
        var x = _gates.Bounds;
        var undecided = x.Lower.IsBelow(0).logical_and(x.Upper.IsAbove(0)).logical_and(_gates.CanSplit).logical_and(signs.to(ScalarType.Bool).logical_not());
        // What the line above a gate costs, and what the line below does where the neuron is farthest from it.
        var above = a.AtMost(0).neg() * (-(x.Lower * x.Upper) / (x.Upper - x.Lower).AtLeast(1e-30));
        var below = a.AtLeast(0) * (shares * -x.Lower).minimum(shares.neg().Plus(1) * x.Upper);
        var gain = where(undecided, above + below.Times(0.5), a.AllOf(-1));
        var tried = (int)Math.Min(Tried, gain.shape[1]);
        var (best, places) = gain.topk(tried, 1);
        var gains = best.to(ScalarType.Float64).data<double>().ToArray();
        var candidates = places.data<long>().ToArray();
        var values = Try(signs, shares, prices, rows, places, tried);
        var chosen = new (int, int)?[count];
        for (var i = 0; i < count; i++)
        {
            var (top, at) = (double.NegativeInfinity, -1L);
            for (var k = 0; k < tried; k++)
            {
                if (gains[(i * tried) + k] < 0)
                {
                    continue;
                }

                var (one, other) = (values[((i * tried) + k) * 2], values[(((i * tried) + k) * 2) + 1]);
                var value = Math.Min(one, other) + (0.1 * Math.Min(Math.Max(one, other), _options.Enough));
                if (at < 0 || value > top)
                {
                    (top, at) = (value, candidates[(i * tried) + k]);
                }
            }

            chosen[i] = at < 0 ? null : _gates.At((int)at);
        }

        return chosen;
    }

    /// <summary>The bounds of both halves for each candidate, as they are without optimising, in one list.</summary>
    private double[] Try(Tensor signs, Tensor shares, Tensor prices, Tensor rows, Tensor places, int tried)
    {
        var values = new List<double>();
        var part = Math.Max(1, Batch / (2 * tried));
        for (long start = 0; start < signs.shape[0]; start += part)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(part, signs.shape[0] - start);
            Tensor Repeat(Tensor all, int axis = 0) => all.narrow(axis, start, count).repeat_interleave(2 * tried, axis);
            var half = Repeat(signs).clone();
            var at = places.narrow(0, start, count).reshape(-1).repeat_interleave(2).unsqueeze(1);
            var sides = tensor([1.0, -1.0]).to(half.dtype).repeat(count * tried).unsqueeze(1);
            half.scatter_(1, at, sides);
            using var bounds = _gates.With(half);
            var lower = bounds.Lower(_search.Graph.Output, Repeat(rows, 1), _gates.Choices(Repeat(shares), half, Repeat(prices)));
            values.AddRange(lower.flatten().to(ScalarType.Float64).data<double>().ToArray());
        }

        return [.. values];
    }
}
