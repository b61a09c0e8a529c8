using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>Which pixels of an axis make which, as ONNX's Resize tells it.</summary>
/// <param name="Mode"><c>nearest</c>, <c>linear</c> or <c>cubic</c>.</param>
/// <param name="Coordinates">How places behind are places before.</param>
/// <param name="Rounding">Which pixel is the nearest.</param>
/// <param name="CubicCoefficient">The coefficient of the cubic kernel, by which it bends.</param>
/// <param name="ExcludesOutside">Whether the cubic kernel leaves out what is beyond the edge.</param>
internal sealed record ResizeRule(string Mode, string Coordinates, string Rounding, double CubicCoefficient, bool ExcludesOutside)
{
    private const double UsualCoefficient = -0.75;

    /// <summary>Reads the attributes of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="isOld">Whether it is of before operator set 11, and has none but the mode.</param>
    public static ResizeRule Read(OnnxNode node, bool isOld)
    {
        string Among(string name, string byDefault, params string[] known) =>
            node.Text(name, byDefault) is var value && known.Contains(value)
                ? value
                : throw new InvalidDataException(
                    $"Its attribute '{name}' is {FileText.Quote(value)}: expected {string.Join(", ", known)}.");
        var mode = Among("mode", "nearest", "nearest", "linear", "cubic");
        if (node.Integer("antialias", 0) != 0)
        {
            throw new InvalidDataException("Its attribute 'antialias' is known here as 0 only.");
        }

        return isOld ? new(mode, "asymmetric", "simple", UsualCoefficient, ExcludesOutside: false) : new(
            mode,
            Among(
                "coordinate_transformation_mode", "half_pixel", "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
                "half_pixel_symmetric"),
            Among("nearest_mode", "round_prefer_floor", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
            node.Number("cubic_coeff_a", UsualCoefficient),
            node.Integer("exclude_outside", 0) != 0);
    }

    /// <summary>The pixel that one of the new ones is.</summary>
    public long Nearest(int place, long size, long target, float scale)
    {
        var from = Place(place, size, target, scale);
        var nearest = Rounding switch
        {
            "round_prefer_floor" => MathF.Ceiling(from - 0.5f),
            "round_prefer_ceil" => MathF.Floor(from + 0.5f),
            "ceil" => MathF.Ceiling(from),
            "simple" when scale < 1 => MathF.Ceiling(from),
            _ => MathF.Floor(from),
        };
        return Math.Clamp((long)nearest, 0, size - 1);
    }

    /// <summary>The shares of the pixels in the new ones, [target, size].</summary>
    public float[] Matrix(long size, long target, float scale)
    {
        var matrix = new float[target * size];
        for (var i = 0; i < target; i++)
        {
            var row = matrix.AsSpan((int)(i * size), (int)size);
            var from = Place(i, size, target, scale);
            if (Mode == "linear")
            {
                from = Math.Clamp(from, 0, size - 1);
                var left = (int)from;
                row[left] += 1 - (from - left);
                row[(int)Math.Min(left + 1, size - 1)] += from - left;
            }
            else
            {
                AddCubic(row, from);
            }
        }

        return matrix;
    }

    private void AddCubic(Span<float> row, float from)
    {
        var floor = (int)MathF.Floor(from);
        double sum = 0;
        for (var tap = floor - 1; tap <= floor + 2; tap++)
        {
            if (!ExcludesOutside || (tap >= 0 && tap < row.Length))
            {
                var share = Kernel(Math.Abs(from - tap));
                row[Math.Clamp(tap, 0, row.Length - 1)] += (float)share;
                sum += share;
            }
        }

        for (var i = 0; ExcludesOutside && i < row.Length; i++)
        {
            row[i] = (float)(row[i] / sum);
        }
    }

    /// <summary>Keys' cubic kernel, of R. Keys, Cubic convolution interpolation for digital image processing (1981), eq. 15.</summary>
    private double Kernel(double distance) => distance <= 1
        ? (((((CubicCoefficient + 2) * distance) - (CubicCoefficient + 3)) * distance) * distance) + 1
        : (((((distance - 5) * distance) + 8) * distance) - 4) * CubicCoefficient;

    /// <summary>Where a place behind is before, in float32 as others compute it.</summary>
    private float Place(int place, long size, long target, float scale) => Coordinates switch
    {
        "half_pixel" => ((place + 0.5f) / scale) - 0.5f,
        "pytorch_half_pixel" => target > 1 ? ((place + 0.5f) / scale) - 0.5f : 0,
        "align_corners" => target > 1 ? place * (float)(size - 1) / (target - 1) : 0,
        "half_pixel_symmetric" => (size / 2f * (1 - (target / (scale * size)))) + ((place + 0.5f) / scale) - 0.5f,
        _ => place / scale,
    };
}
