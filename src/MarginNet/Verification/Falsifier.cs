using System.Diagnostics;
using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>
/// Searches counterexamples of a property: rounds of many starts at once, each followed by steps down the gradient of the largest a·y − b
/// that stay in the box. Rounds take turns between steps by the gradient's sign (Madry et al., 2018) and Adam's; later ones give more
/// starts to the targets that came closest. Where inputs are few, starts are the best of many random points.
/// </summary>
internal sealed class Falsifier : IDisposable
{
    private const long BatchBytes = 1 << 28;
    private const int LargestBatch = 1024;
    private const int FewInputs = 32;
    private const int RandomPoints = 1 << 13;
    private const int Generations = 8;
    private const int Elite = 192;
    private const int Children = 16;
    private const int EvaluatedAtOnce = 1 << 12;
    private const int BatchOfMany = 64;
    private const int MostTried = 4; // Candidates of one step that the witness is asked for.
    private const double FirstStep = 0.25; // Of the width of the box.
    private const double LastStep = 0.02;
    private const int Diversifying = 8; // Steps in a random direction of the outputs before those to the target (Tashiro et al., 2020).
    private const double Momentum = 0.75;

    private readonly NetworkGraph _graph;
    private readonly Property _property;
    private readonly FalsifierOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly Tensor[] _parameters;
    private readonly Targets _targets;
    private readonly Generator _generator;
    private readonly float[] _closest; // Of each target: the least excess met.
    private readonly int _batch;
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _points;
    private int _refuted;
    private (double[] Input, double[] Output)? _found;

    private Falsifier(NetworkGraph graph, Property property, FalsifierOptions options, CancellationToken cancellation)
    {
        (_graph, _property, _options, _cancellation) = (graph, property, options, cancellation);
        _parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        var device = _parameters.Length > 0 ? _parameters[0].device : CPU;
        _targets = new(property, device);
        _generator = new((ulong)options.Seed, device);
        _closest = new float[_targets.Queries.Length];
        Array.Fill(_closest, float.PositiveInfinity);
        var numbers = graph.Nodes.Sum(node => node.Shape.Count.At(1)) + ((long)_targets.RowCount * property.OutputCount)
            + (8L * property.InputCount);
        var most = property.InputCount <= FewInputs ? LargestBatch : BatchOfMany;
        _batch = (int)Math.Clamp(BatchBytes / (sizeof(float) * 2 * numbers), 1, most);
    }

    /// <summary>Searches until a counterexample is found, or the time or the rounds are over.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="property">The property.</param>
    /// <param name="options">How long and how.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static Falsification Search(
        NetworkGraph graph, Property property, FalsifierOptions options, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var search = new Falsifier(graph, property, options, cancellation);
        for (var round = 0; round < options.Rounds && search.Goes; round++)
        {
            search.Round(round);
        }

        return new(search._found?.Input, search._found?.Output, search._points, search._refuted);
    }

    public void Dispose() => _generator.Dispose();

    private bool Goes
    {
        get
        {
            _cancellation.ThrowIfCancellationRequested();
            return _found is null && _targets.Queries.Length > 0 && Stopwatch.GetElapsedTime(_start) < _options.TimeLimit;
        }
    }

    private void Round(int round)
    {
        var (chosen, few) = (Chosen(round), _property.InputCount <= FewInputs);
        var perTarget = few
            ? Math.Clamp(_batch / chosen.Length, 8, 256)
            : round == 0 ? 1 : Math.Clamp(_batch / chosen.Length, 1, 16);
        foreach (var batch in chosen.SelectMany(target => Enumerable.Repeat((long)target, perTarget)).Chunk(_batch))
        {
            using var scope = NewDisposeScope();
            var targets = tensor(batch, device: _generator.device);
            if (!Goes)
            {
                return;
            }

            Descend(targets, Starts(batch, targets, round), isAdam: round % 2 == 1, diversifying: few || round % 4 == 0 ? 0 : Diversifying);
        }
    }

    /// <summary>All targets in the first rounds and now and then, else the closer half of those before.</summary>
    private int[] Chosen(int round)
    {
        int[] ranked = [.. Enumerable.Range(0, _closest.Length).OrderBy(target => _closest[target])];
        return ranked[..Math.Max(1, ranked.Length >> (round % 6 < 2 ? 0 : round % 6))];
    }

    private Tensor Starts(long[] batch, Tensor targets, int round)
    {
        var (lower, upper) = _targets.Boxes(targets);
        var width = upper - lower;
        if (_property.InputCount <= FewInputs)
        {
            return BestOfRandom(batch, lower, width);
        }

        var random = rand(width.shape, generator: _generator, device: width.device);
        // In many dimensions what is far from the middle is most of the box.
        return round == 0 ? lower + width.Times(0.5) : lower + (width * (round % 4 < 2 ? random : random.round()));
    }

    /// <summary>For each of a batch, one of the best points for its target among random ones and some around the best of before; a
    /// quarter are simply random.</summary>
    private Tensor BestOfRandom(long[] batch, Tensor lower, Tensor width)
    {
        using var inference = no_grad();
        var starts = new List<Tensor>();
        for (var first = 0; first < batch.Length;)
        {
            var count = batch.AsSpan(first).IndexOfAnyExcept(batch[first]) is >= 0 and var next ? next : batch.Length - first;
            var random = Random(lower[first], width[first], RandomPoints);
            var best = Evolve((int)batch[first], lower[first], width[first], random);
            var fromBest = Math.Min(count * 3 / 4, (int)best.shape[0]);
            starts.Add(cat([best[..fromBest], random[..(count - fromBest)]]));
            first += count;
        }

        return cat(starts);
    }

    /// <summary>The best of points for a target, after generations of some around the best so far at all distances.</summary>
    private Tensor Evolve(int target, Tensor lower, Tensor width, Tensor points)
    {
        for (var generation = 0; ; generation++)
        {
            using var scope = NewDisposeScope();
            var excess = cat([.. points.split(EvaluatedAtOnce).Select(part => _targets.ExcessOfAll(Run(part), target))])
                .nan_to_num(double.PositiveInfinity);
            var (values, places) = excess.topk(Elite, largest: false);
            var elite = points.index_select(0, places);
            Consider(elite[..1], values[..1], tensor(new long[] { target }));
            if (generation == Generations || !Goes)
            {
                return elite.MoveToOuterDisposeScope();
            }

            var parents = elite.repeat([Children, 1]);
            var distance = rand([parents.shape[0], 1], generator: _generator, device: width.device)
                .Times(4).Plus(-4.5).Times(Math.Log(10)).exp();
            var children = parents + (width * distance * randn(parents.shape, generator: _generator, device: width.device));
            points = cat([elite, minimum(maximum(children, lower), lower + width)]).MoveToOuterDisposeScope();
        }
    }

    private Tensor Random(Tensor lower, Tensor width, int count)
    {
        var random = rand([count, width.shape[0]], generator: _generator, device: width.device);
        var isCorner = rand([count, 1], generator: _generator, device: width.device).IsBelow(0.25);
        return lower + (width * where(isCorner, random.round(), random));
    }

    private void Descend(Tensor targets, Tensor starts, bool isAdam, int diversifying)
    {
        var (lower, upper) = _targets.Boxes(targets);
        var width = upper - lower;
        var point = minimum(maximum(starts, lower), upper).detach();
        var direction = randn([targets.shape[0], _property.OutputCount], generator: _generator, device: width.device);
        var (mean, square) = (zeros_like(point), zeros_like(point));
        for (var step = 0; step <= _options.Steps && Goes; step++)
        {
            using var scope = NewDisposeScope();
            var leaf = point.detach().requires_grad_();
            var outputs = Run(leaf);
            var excess = _targets.Excess(outputs, targets);
            Consider(leaf, excess, targets);
            var aim = step < diversifying ? (outputs * direction).sum() : excess.sum();
            aim.backward(inputs: [leaf]);
            var gradient = (leaf.grad! * width).nan_to_num(0); // In units of the box.
            var length = FirstStep * Math.Pow(LastStep / FirstStep, (double)step / _options.Steps);
            if (isAdam)
            {
                mean.copy_(mean.Times(0.9) + gradient.Times(0.1));
                square.copy_(square.Times(0.99) + (gradient * gradient).Times(0.01));
                var (first, second) = (1 - Math.Pow(0.9, step + 1), 1 - Math.Pow(0.99, step + 1));
                point.sub_(width * mean.Times(length / first) / square.Times(1 / second).sqrt().Plus(1e-12));
            }
            else
            {
                mean.copy_(mean.Times(Momentum) + (gradient / gradient.abs().mean([1], keepdim: true).Plus(1e-30)));
                point.sub_(width * mean.sign().Times(length));
            }

            point.copy_(minimum(maximum(point, lower), upper));
        }
    }

    private Tensor Run(Tensor points)
    {
        _points += points.shape[0];
        return _graph.Run(points.reshape(_graph.Input.At(points.shape[0])), _parameters).reshape(points.shape[0], -1);
    }

    /// <summary>Keeps the closest, and asks the witness for those that are counterexamples of the graph, or up to rounding are and closer
    /// than any before.</summary>
    private void Consider(Tensor points, Tensor excess, Tensor targets)
    {
        var (numbers, aims) = (excess.detach().cpu().data<float>().ToArray(), targets.cpu().data<long>().ToArray());
        var tried = new List<int>();
        for (var i = 0; i < numbers.Length; i++)
        {
            var isCloser = numbers[i] < _closest[aims[i]];
            _closest[aims[i]] = isCloser ? numbers[i] : _closest[aims[i]];
            if (numbers[i] <= 0 || (isCloser && numbers[i] <= _targets.Roundings[(int)aims[i]]))
            {
                tried.Add(i);
            }
        }

        _ = tried.OrderBy(i => numbers[i]).Take(MostTried).Any(i => Confirm(points[i..(i + 1)], isOfGraph: numbers[i] <= 0));
    }

    private bool Confirm(Tensor point, bool isOfGraph)
    {
        float[] input = [.. point.detach().cpu().data<float>()];
        var output = _options.Witness is { } witness ? witness(input) : [.. Run(point).detach().cpu().data<float>()];
        var (x, y) = (Array.ConvertAll(input, number => (double)number), Array.ConvertAll(output, number => (double)number));
        if (_property.IsViolatedBy(x, y))
        {
            _found = (x, y);
            return true;
        }

        _refuted += isOfGraph ? 1 : 0;
        return false;
    }
}
