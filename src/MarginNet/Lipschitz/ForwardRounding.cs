using MarginNet.Bounds;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// How far the scores of a network as it is run, in floating point, may be from those in exact arithmetic with the same weights,
/// for any order of summation: bounds that grow with the length s of the input behind its normalisation, and so hold in a whole ball.
/// </summary>
internal sealed class ForwardRounding
{
    private const double LostSquares = 1e-290; // More than squares that underflow come to.

    private readonly FloatFormat _format;
    private readonly ScoreConstants _offsets; // The error of fᵢ, or of fᵢ − fⱼ, is at most offset + slope · s.
    private readonly ScoreConstants _slopes;
    private readonly AffineBound _peak;
    private readonly double _lipschitz; // Of s, in the distance of two inputs.
    private readonly double[] _means; // Of each number of the input,
    private readonly double[] _factors; // which is measured as (x − mean) · factor.

    private ForwardRounding(
        FloatFormat format, ScoreConstants offsets, ScoreConstants slopes, AffineBound peak, double lipschitz, double[] means,
        double[] factors) =>
        (_format, _offsets, _slopes, _peak, _lipschitz, _means, _factors) = (format, offsets, slopes, peak, lipschitz, means, factors);

    /// <summary>The numbers in one input.</summary>
    public int InputCount => _means.Length;

    /// <summary>Whether the scores are computed in float32.</summary>
    public bool IsSingle => _format == FloatFormat.Single;

    /// <summary>Follows the features through a network's layers, as they are run.</summary>
    /// <param name="layers">The layers, nothing folded.</param>
    /// <param name="input">The shape of one input.</param>
    /// <param name="format">The numbers it computes with.</param>
    /// <exception cref="NotSupportedException">The rounding of a layer is not known.</exception>
    public static ForwardRounding Of(IReadOnlyList<Layer> layers, FeatureShape input, FloatFormat format)
    {
        using var scope = NewDisposeScope();
        var (length, tail) = (new AffineBound(0, 1), Tail(layers));
        var signal = new ForwardSignal(format, length, default, length);
        var body = layers.Take(layers.Count - tail.Count).ToList();
        var normalization = body.FirstOrDefault() as ChannelScaleLayer;
        var isMeasuredBehind = normalization is { IsNormalization: true };
        signal = isMeasuredBehind
            ? LayerChain.Rounded(body.Skip(1), normalization!.Normalized(signal, input), input)
            : LayerChain.Rounded(body, signal, input);
        var features = LayerChain.Output(body, input);
        var (offsets, slopes, peak) = Scores(tail, signal, features);
        normalization = isMeasuredBehind ? normalization : null;
        return new(
            format, offsets, slopes, peak, normalization?.Bound(input).Bound.Value ?? 1, PerNumber(normalization?.Mean, 0, input),
            PerNumber(normalization?.Factors, 1, input));
    }

    /// <summary>The same of the mean of the scores at two inputs of the same length: of an image and its mirror image.</summary>
    public ForwardRounding OfMean()
    {
        // The sum of two numbers is rounded once, and its half is exact or underflows.
        var each = _format.Roundings(2, _peak, 1);
        ScoreConstants Each(double error) => ScoreConstants.OfEach([.. Enumerable.Repeat(error, _offsets.Scores.Length)]);
        return new(
            _format, _offsets.Plus(Each(each.Offset)), _slopes.Plus(Each(each.Slope)), _peak * 2, _lipschitz, _means, _factors);
    }

    /// <summary>An upper bound of the length s of an input.</summary>
    public double Length<T>(ReadOnlySpan<T> input)
        where T : System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        var sum = LostSquares;
        for (var i = 0; i < input.Length; i++)
        {
            var value = (double.CreateTruncating(input[i]) - _means[i]) * _factors[i];
            sum += value * value;
        }

        return Rounding.NormUp(Math.Sqrt(sum), input.Length + 8);
    }

    /// <summary>What rounding may come to in the difference of two scores: at an input of length s,
    /// and for each unit of distance from it more.</summary>
    public (double Here, double Slope) Pair(int first, int second, double length) => (
        new AffineBound(_offsets.Pairs[first, second], _slopes.Pairs[first, second]).At(length),
        Rounding.ProductUp(_slopes.Pairs[first, second], _lipschitz));

    /// <summary>The distance from an input of length s up to which no number overflows, rounded down.</summary>
    public double Reach(double length)
    {
        var room = _format.SafelyBelow - _peak.At(length);
        return room > 0 ? Rounding.QuotientDown(Math.BitDecrement(room), Rounding.ProductUp(_peak.Slope, _lipschitz)) : 0;
    }

    /// <summary>The last linear layer with what follows it, as far as that is scaling and ReLU:
    /// there the scores are known one by one.</summary>
    private static List<Layer> Tail(IReadOnlyList<Layer> layers)
    {
        var tail = layers.Reverse()
            .TakeWhile(layer => layer is ChannelScaleLayer { IsScalar: true } or ActivationLayer { IsRelu: true })
            .Reverse()
            .ToList();
        return layers.Count > tail.Count && layers[layers.Count - tail.Count - 1] is LinearLayer last ? [last, .. tail] : [];
    }

    private static (ScoreConstants Offsets, ScoreConstants Slopes, AffineBound Peak) Scores(
        List<Layer> tail, ForwardSignal signal, FeatureShape features)
    {
        if (tail is not [LinearLayer last, .. var rest])
        {
            var identity = ScoreConstants.Of(new(eye(features.Channels, dtype: ScalarType.Float64), 0));
            return (identity.Times(signal.Error.Offset), identity.Times(signal.Error.Slope), signal.Peak);
        }

        var rows = ScoreConstants.Of(last.Weight);
        var values = last.Scores(signal.Reached, rows);
        var roundings = last.ScoreErrors(signal.Format, signal.Reached, rows);
        var offsets = rows.Times(signal.Error.Offset).Plus(ScoreConstants.OfEach([.. roundings.Select(each => each.Offset)]));
        var slopes = rows.Times(signal.Error.Slope).Plus(ScoreConstants.OfEach([.. roundings.Select(each => each.Slope)]));
        var peak = values.Aggregate(signal.Peak, (left, right) => left.Or(right * 2));
        foreach (var layer in rest)
        {
            if (layer is ChannelScaleLayer scale)
            {
                var factor = scale.Bound(features).Bound.Value;
                values = Array.ConvertAll(values, value => value * factor);
                roundings = Array.ConvertAll(values, value => signal.Format.Roundings(ChannelScaleLayer.ScalarRoundings, value, 1));
                offsets = offsets.Times(factor).Plus(ScoreConstants.OfEach([.. roundings.Select(each => each.Offset)]));
                slopes = slopes.Times(factor).Plus(ScoreConstants.OfEach([.. roundings.Select(each => each.Slope)]));
                peak = peak.Or(peak * factor);
            }
            else
            {
                (offsets, slopes) = (offsets.Gated(), slopes.Gated());
            }
        }

        return (offsets, slopes, peak);
    }

    private static double[] PerNumber(Tensor? perChannel, double otherwise, FeatureShape input)
    {
        using var scope = NewDisposeScope();
        var values = perChannel is null ? full(1, otherwise, dtype: ScalarType.Float64) : perChannel;
        return values.expand(input.Channels).repeat_interleave(input.Height * input.Width).data<double>().ToArray();
    }
}
