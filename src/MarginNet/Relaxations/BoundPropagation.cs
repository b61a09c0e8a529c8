using MarginNet.Graph;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Bounds of all values of a network over sets of inputs, and of linear functions of any value: intervals forward, and backward the linear
/// relaxation of Zhang et al. (CROWN, 2018), of which Fast-Lin and the dual of Wong and Kolter are the case of parallel lines.
/// </summary>
/// <remarks>
/// Rounding: of each step an amount D is known that its computed value may be off by, in the network as it is run and on the way back here,
/// as a share of Σ|W||x| + |b|. The coefficients A of the value cost |A|·D. All bounds hold for the network so rounded, so that they may be
/// used as intervals of what is computed next.
/// </remarks>
internal sealed class BoundPropagation : IDisposable
{
    // In one tensor of coefficients: 16 MiB, which malloc keeps; larger ones cost more in page faults than in sums.
    private const long MostNumbers = 1 << 21;

    private const double Underflow = 3e-38; // Two of the smallest numbers of float32 that have all their digits.

    private readonly RelaxedGraph _graph;
    private readonly RoundingModel _rounding;
    private readonly Interval?[] _values;
    private readonly Tensor?[] _errors; // D of each step, shape [N, …].
    private readonly (Interval Bounds, Lines Lines)?[] _lines; // Of gates, as far as their slopes are free.
    private readonly ValueBall?[] _balls;
    private readonly CancellationToken _cancellation;
    private bool _isPart; // Of another, whose values it has.

    /// <param name="graph">The network.</param>
    /// <param name="inputs">The sets.</param>
    /// <param name="rounding">What the bounds cover.</param>
    /// <param name="cancellation">Stops between two passes.</param>
    public BoundPropagation(RelaxedGraph graph, InputSet inputs, RoundingModel rounding, CancellationToken cancellation = default)
    {
        (_graph, Inputs, _rounding, _cancellation) = (graph, inputs, rounding, cancellation);
        _values = new Interval?[graph.Steps.Length + 1];
        _errors = new Tensor?[graph.Steps.Length];
        _lines = new (Interval, Lines)?[graph.Steps.Length];
        _balls = new ValueBall?[graph.Steps.Length + 1];
        var shape = graph.Input.At(inputs.Box.Lower.shape[0]);
        Count = inputs.Box.Lower.shape[0];
        _values[0] = new(inputs.Box.Lower.reshape(shape), inputs.Box.Upper.reshape(shape));
    }

    /// <summary>The network.</summary>
    public RelaxedGraph Graph => _graph;

    /// <summary>The sets.</summary>
    public InputSet Inputs { get; }

    /// <summary>Whether inputs of gates are enclosed in balls, where sets are balls in ℓ2, and bounds made of those too. Default
    /// false.</summary>
    public bool UsesBalls { get; init; }

    /// <summary>The number of sets N.</summary>
    public long Count { get; private set; }

    /// <summary>The bounds of a value so far.</summary>
    public Interval this[int place]
    {
        get => _values[place]!.Value;
        set => _values[place] = value;
    }

    /// <summary>D of a step whose value is bounded, shape [N, …]; null where rounding is not covered.</summary>
    public Tensor? ErrorOf(int step) => _errors[step];

    /// <summary>The same of other sets with what is known of these, and more of the inputs of curves: sets within these,
    /// one for each of the first axis of what is known, or parts of one.</summary>
    /// <param name="inputs">The sets.</param>
    /// <param name="known">Bounds of the inputs of curves, by step, shape [M, …].</param>
    public BoundPropagation With(InputSet inputs, IReadOnlyDictionary<int, Interval> known)
    {
        var other = new BoundPropagation(_graph, inputs, _rounding, _cancellation) { UsesBalls = UsesBalls, _isPart = true };
        for (var i = 1; i < _values.Length; i++)
        {
            other._values[i] = _values[i];
        }

        foreach (var (step, interval) in known)
        {
            other._values[_graph.Steps[step].Data[0]] = interval;
            other.Count = interval.Lower.shape[0];
        }

        _errors.CopyTo(other._errors, 0);
        _balls.CopyTo(other._balls, 0);
        return other;
    }

    /// <summary>Keeps what it knows beyond the dispose scope; the sets are the caller's.</summary>
    public BoundPropagation DetachFromDisposeScope()
    {
        foreach (var tensor in Tensors)
        {
            tensor.DetachFromDisposeScope();
        }

        return this;
    }

    /// <summary>Forgets what is its own.</summary>
    public void Dispose()
    {
        for (var i = 0; i < _lines.Length; i++)
        {
            Forget(i);
        }

        foreach (var tensor in _isPart ? [] : Tensors)
        {
            tensor.Dispose();
        }
    }

    private void Forget(int index)
    {
        if (_lines[index] is (_, { } lines))
        {
            Array.ForEach(
                [lines.LowerSlope, lines.UpperSlope, lines.UpperOffset, lines.LeastSlope!, lines.SlopeRoom!], tensor => tensor.Dispose());
            _lines[index] = null;
        }
    }

    private IEnumerable<Tensor> Tensors =>
        _values.OfType<Interval>().SelectMany(value => (Tensor[])[value.Lower, value.Upper]).Concat(_errors.OfType<Tensor>())
            .Concat(_balls.OfType<ValueBall>().SelectMany(ball => (Tensor[])[ball.Center, ball.Radius]));

    /// <summary>Bounds all values by intervals.</summary>
    public void Propagate() => Propagate(null);

    /// <summary>Bounds all values, and those that curves are applied to by linear relaxation, where an interval leaves them
    /// undecided.</summary>
    /// <param name="choices">The slopes.</param>
    public void Refine(Choices choices) => Propagate(choices);

    private void Propagate(Choices? choices)
    {
        for (var i = 0; i < _graph.Steps.Length; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            if (choices is not null && _graph.Steps[i].Curve is { } curve)
            {
                Refine(_graph.Steps[i].Data[0], curve.IsUndecided(this[_graph.Steps[i].Data[0]]), choices);
            }
            else if (choices is not null && _graph.Steps[i].IsProduct)
            {
                foreach (var factor in _graph.Steps[i].Data.Distinct())
                {
                    Refine(factor, this[factor].Upper.gt(this[factor].Lower), choices);
                }
            }

            Propagate(i);
        }
    }

    /// <summary>Bounds the value of a step by what is known of those that it is computed of.</summary>
    public void Propagate(int index)
    {
        using var scope = NewDisposeScope();
        var step = _graph.Steps[index];
        Interval[] data = [.. step.Data.Select(place => this[place])];
        var (value, error) = step.Curve is not null ? Curved(step, data[0]) : step.IsProduct ? Product(step, data) : Affine(step, data);
        _errors[index] = error?.MoveToOuterDisposeScope();
        _values[index + 1] = (_values[index + 1] is { } known ? value.And(known) : value).MoveToOuterDisposeScope();
        if ((UsesBalls || _graph.IsAffine(index + 1)) && Inputs is BallSet { IsEuclidean: true } set)
        {
            // Before the first curve it spares linear relaxation, which would find no more for each number that this decides.
            _balls[0] ??= new(
                set.Center.reshape(this[0].Lower.shape).clone().MoveToOuterDisposeScope(), set.Radius.clone().MoveToOuterDisposeScope());
            Enclose(index);
        }
    }

    /// <summary>Bounds numbers of a value by linear relaxation, where that is more than is known.</summary>
    /// <param name="value">The value.</param>
    /// <param name="places">Which of its numbers, shape [K].</param>
    /// <param name="least">Lower bounds of them and of their negatives, shape [N, 2K].</param>
    public void Tighten(int value, Tensor places, Tensor least)
    {
        using var scope = NewDisposeScope();
        var known = this[value];
        var count = places.shape[0];
        // NaN, of bounds that overflowed, must not replace a number: maximum would keep it.
        var sound = where(least.isnan(), least.AllOf(double.NegativeInfinity), least);
        var (lower, upper) = (known.Lower.flatten(1).clone(), known.Upper.flatten(1).clone());
        lower.index_copy_(1, places, lower.index_select(1, places).maximum(sound.narrow(1, 0, count)));
        upper.index_copy_(1, places, upper.index_select(1, places).minimum(-sound.narrow(1, count, count)));
        this[value] = new Interval(lower.reshape(known.Lower.shape), upper.reshape(known.Upper.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>Places of numbers, shape [K], in parts whose coefficients fit.</summary>
    public IEnumerable<Tensor> Parts(Tensor places)
    {
        var most = Math.Max(1, MostNumbers / (_graph.LargestValue * Count * 2));
        for (long start = 0; start < places.shape[0]; start += most)
        {
            yield return places.narrow(0, start, Math.Min(most, places.shape[0] - start));
        }
    }

    /// <summary>Numbers of a value and their negatives as linear functions of it, shape [2K, 1, D].</summary>
    public Tensor Rows(int value, Tensor places)
    {
        var rows = zeros(places.shape[0], _graph.ShapeOf(value).Count.Count, dtype: _graph.Type)
            .scatter_(1, places.unsqueeze(1), ones(places.shape[0], 1, dtype: _graph.Type));
        return cat([rows, -rows]).unsqueeze(1);
    }

    /// <summary>Bounds linear functions of a value from below.</summary>
    /// <param name="value">The value.</param>
    /// <param name="rows">The functions, shape [R, N or 1, D] with D numbers in the value of one image.</param>
    /// <param name="choices">What is free.</param>
    /// <returns>Lower bounds, shape [R, N]; differentiable in the choices.</returns>
    public Tensor Lower(int value, Tensor rows, Choices choices)
    {
        using var scope = NewDisposeScope();
        return Concretize(Backward(value, rows, choices)).MoveToOuterDisposeScope();
    }

    /// <summary>The least that linear functions of the images are over the sets.</summary>
    public Tensor Concretize(LinearFunction function)
    {
        var least = Inputs.Minimum(function.Coefficients).Plus(function.Offset);
        if (!_rounding.IsProof)
        {
            return least;
        }

        // A sum of D products, and what a Lagrangian makes of them.
        var size = (function.Coefficients.abs() * Inputs.Box.Magnitude).sum(-1);
        return least - size.Times(_rounding.Share(4 * _graph.Input.Count.Count)).Plus(1e-300);
    }

    /// <summary>Linear functions of the images that are below linear functions of a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="rows">The functions, shape [R, N or 1, D].</param>
    /// <param name="choices">What is free.</param>
    /// <param name="visit">Takes what the value of each curve is multiplied by, shape [R, N, …], by its step.</param>
    public LinearFunction Backward(int value, Tensor rows, Choices choices, Action<int, Tensor>? visit = null)
    {
        var (count, sets) = (rows.shape[0], Count);
        var pending = new Tensor?[value + 1];
        pending[value] = Flat(rows.expand(count, sets, -1), value);
        var offset = zeros(count, sets, dtype: _graph.Type);
        var error = zeros(count, sets, dtype: _graph.Type);
        for (var i = value - 1; i >= 0; i--)
        {
            if (pending[i + 1] is not { } a)
            {
                continue;
            }

            pending[i + 1] = null;
            var step = _graph.Steps[i];
            if (_rounding.IsProof)
            {
                error = error.Plus(Sum(a.abs(), _errors[i]!));
            }

            if (step.Curve is { } curve)
            {
                var x = this[step.Data[0]];
                var lines = LinesOf(i, curve, choices);
                var split = a.reshape([count, sets, .. x.Lower.shape.AsSpan()[1..]]);
                visit?.Invoke(i, split);
                var (gate, ball) = (curve as GateCurve, UsesBalls ? _balls[step.Data[0]] : null);
                var above = split.relu();
                var below = split - above;
                var next = (above * lines.LowerSlope).Plus(below * lines.UpperSlope);
                if (gate is not null && ball is not null)
                {
                    var least = GateMinimum.Of(gate, split, next, x, ball.Value, _rounding.Bounds);
                    offset = offset.Plus(least);
                    error = error.Plus(least.detach().abs().Times(Summing(x.Lower)));
                }
                else
                {
                    var constant = below * lines.UpperOffset;
                    constant = lines.LowerOffset is { } lowest ? constant.Plus(above * lowest) : constant;
                    offset = offset.Plus(constant.flatten(2).sum(-1));
                    if (_rounding.IsProof)
                    {
                        error = error.Plus(constant.abs().flatten(2).sum(-1).Times(Summing(x.Lower)));
                    }
                }

                if (choices.Signs.TryGetValue(i, out var signs) && choices.Prices.TryGetValue(i, out var prices))
                {
                    next = next - (prices * signs);
                }

                Add(pending, step.Data[0], next.flatten(0, 1));
                continue;
            }

            if (step.IsProduct)
            {
                var product = ProductPlane.Of(this[step.Data[0]], this[step.Data[1]], isSquare: step.Data[0] == step.Data[1]);
                var split = a.reshape([count, sets, .. a.shape.AsSpan()[1..]]);
                var constant = (split * product.Constant).Plus(split.AtLeast(0) * product.Least).Plus(split.AtMost(0) * product.Most);
                offset = offset.Plus(constant.flatten(2).sum(-1));
                if (_rounding.IsProof)
                {
                    var terms = (split * product.Constant).abs().Plus(constant.abs());
                    error = error.Plus(terms.flatten(2).sum(-1).Times(Summing(product.Constant)));
                }

                Add(pending, step.Data[0], ProductPlane.Reduce(split * product.Right, _graph.ShapeOf(step.Data[0])));
                Add(pending, step.Data[1], ProductPlane.Reduce(split * product.Left, _graph.ShapeOf(step.Data[1])));
                continue;
            }

            if (step.Bias is { } bias)
            {
                offset = offset.Plus(Sum(a, bias));
                if (_rounding.IsProof)
                {
                    error = error.Plus(Sum(a.abs(), bias.abs()).Times(Summing(bias)));
                }
            }

            for (var k = 0; k < step.Data.Length; k++)
            {
                Add(pending, step.Data[k], step.Layer.Operation.Transposed(step.Layer, k, a));
            }
        }

        var coefficients = pending[0] is { } whole ? whole.reshape(count, sets, -1)
            : zeros(count, sets, _graph.Input.Count.Count, dtype: _graph.Type);
        return new(coefficients, _rounding.IsProof ? offset - error.Times(1 + 1e-9) : offset);

        // The share that a sum of as many numbers, and of the steps' sums, may be off by.
        double Summing(Tensor of) => 4 * _rounding.Bounds * (of.numel() + _graph.Steps.Length + 8);

        Tensor Sum(Tensor a, Tensor of) => (a.reshape(count, sets, -1) * of.flatten(1)).sum(-1);
    }

    /// <summary>Replaces the bounds of a value where that is undecided by what linear relaxation finds, if that is more.</summary>
    private void Refine(int value, Tensor isUndecided, Choices choices)
    {
        using var scope = NewDisposeScope();
        var known = this[value];
        var undecided = isUndecided.flatten(1).any(0).nonzero().flatten();
        if (undecided.shape[0] == 0 || (Inputs is BoxSet && _graph.IsOneSum(value)))
        {
            return;
        }

        foreach (var places in Parts(undecided))
        {
            _cancellation.ThrowIfCancellationRequested();
            using var part = NewDisposeScope();
            Tighten(value, places, Lower(value, Rows(value, places), choices).t());
            _values[value] = this[value].MoveToOuterDisposeScope();
        }

        _values[value] = this[value].MoveToOuterDisposeScope();
    }

    /// <summary>The lines of a curve. Those that no gradient passes through are kept until its input's bounds change.</summary>
    private Lines LinesOf(int index, Curve curve, Choices choices)
    {
        var x = this[_graph.Steps[index].Data[0]];
        var share = choices.Shares.GetValueOrDefault(index);
        if (share is null || curve is not GateCurve)
        {
            return curve.Lines(x, choices.Rule, share);
        }

        if (_lines[index] is not { } known || !ReferenceEquals(known.Bounds.Lower, x.Lower))
        {
            using var scope = NewDisposeScope();
            using var inference = no_grad();
            var lines = curve.Lines(x, SlopeRule.Adaptive, null);
            foreach (var tensor in (Tensor[])[lines.LowerSlope, lines.UpperSlope, lines.UpperOffset, lines.LeastSlope!, lines.SlopeRoom!])
            {
                tensor.DetachFromDisposeScope();
            }

            Forget(index);
            _lines[index] = known = (x, lines);
        }

        return curve.WithShare(known.Lines, x, share);
    }

    private (Interval Value, Tensor? Error) Affine(RelaxedStep step, Interval[] data)
    {
        Tensor[] centers = Array.ConvertAll(data, each => each.Lower.Plus(each.Upper).Times(0.5));
        Tensor[] radii = Array.ConvertAll(data, each => (each.Upper - each.Lower).Times(0.5));
        var operation = step.Layer.Operation;
        var center = step.Run(centers);
        var radius = operation.Absolute(step.Layer, radii);
        if (step.Bias is not null)
        {
            radius = radius - operation.Absolute(step.Layer, Array.ConvertAll(radii, each => zeros_like(each.narrow(0, 0, 1))));
        }

        if (!_rounding.IsProof)
        {
            return (new(center - radius, center.Plus(radius)), null);
        }

        var size = operation.Absolute(step.Layer, Array.ConvertAll(data, each => each.Magnitude)).abs();
        var error = size.Times(_rounding.Share(step.Terms)).Plus((step.Terms + 4) * Underflow);
        error = where(size.IsAbove(_rounding.Most), error.AllOf(double.PositiveInfinity), error);
        var around = radius.Plus(error.Times(3));
        return (new(center - around, center.Plus(around)), error);
    }

    private (Interval Value, Tensor? Error) Curved(RelaxedStep step, Interval x)
    {
        var value = step.Curve!.Range(x);
        if (!_rounding.IsProof)
        {
            return (value, null);
        }

        // A gate is exact in any arithmetic; of other functions LibTorch may be off by some units.
        var units = step.Curve is GateCurve { Closed: 0 } ? _rounding.Bounds * 4 : _rounding.Share(16);
        var error = (step.Curve is GateCurve ? value.Magnitude : value.Magnitude.Plus(x.Magnitude)).Times(units);
        error = step.Curve is GateCurve { Closed: 0 } ? error : error.Plus(4 * Underflow);
        return (new(value.Lower - error, value.Upper.Plus(error)), error);
    }

    private (Interval Value, Tensor? Error) Product(RelaxedStep step, Interval[] data)
    {
        var value = data[0].Times(data[1]);
        if (!_rounding.IsProof)
        {
            return (value, null);
        }

        var size = value.Magnitude;
        var error = size.Times(_rounding.Share(step.Terms)).Plus(4 * Underflow);
        error = where(size.IsAbove(_rounding.Most), error.AllOf(double.PositiveInfinity), error);
        return (new(value.Lower - error, value.Upper.Plus(error)), error);
    }

    /// <summary>Finds a ball around the value of a step: by the norms of affine maps, the slopes of curves, and the bounds of its numbers;
    /// and bounds these by the norms of rows.</summary>
    private void Enclose(int i)
    {
        var step = _graph.Steps[i];
        ValueBall[] balls = [.. step.Data.Select(place => _balls[place]!.Value)];
        var center = step.Run(Array.ConvertAll(balls, ball => ball.Center));
        var radius = step.Curve is { } curve
            ? balls[0].Radius * curve.Slopes(this[step.Data[0]]).Magnitude.flatten(1).amax(1)
            : balls.Select((ball, k) => ball.Radius.Times(_graph.Norm(i, k))).Aggregate((sum, next) => sum.Plus(next));
        var off = _errors[i] is { } error ? error.Times(2) : null; // Of the value, and of the centre.
        radius = where(radius.isnan(), radius.AllOf(double.PositiveInfinity), radius); // 0 times a norm that is not known.
        radius = off is null ? radius : radius.Plus(off.flatten(1).norm(1));
        var share = 1 + (8 * _rounding.Bounds * (center.numel() + step.Terms + 8));
        if (step.Curve is null && step.Layer.Operation.RowNorms(step.Layer) is { } rows)
        {
            var reach = (rows * balls[0].Radius.reshape([-1, .. center.shape.AsSpan()[1..].ToArray().Select(_ => 1L)])).Times(share);
            reach = off is null ? reach : reach.Plus(off);
            this[i + 1] = this[i + 1].And(new(center - reach, center.Plus(reach))).MoveToOuterDisposeScope();
        }

        var value = this[i + 1];
        var inBox = (value.Upper - center).maximum(center - value.Lower).flatten(1).norm(1);
        _balls[i + 1] = new ValueBall(center, radius.minimum(inBox).Times(share)).MoveToOuterDisposeScope();
    }

    private Tensor Flat(Tensor rows, int value) => rows.reshape([-1, .. _graph.ShapeOf(value).At(1)[1..]]);

    private static void Add(Tensor?[] pending, int place, Tensor a) => pending[place] = pending[place] is { } other ? other.Plus(a) : a;
}
