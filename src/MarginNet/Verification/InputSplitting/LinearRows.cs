using MarginNet.Bounds;

namespace MarginNet.Verification;

/// <summary>
/// Linear functions g·x + h of the inputs in a cell, none of which is positive where the cell is unsafe. Each h is lowered by what
/// rounding can add in any evaluation of the function, or of a sum of them by weights that are not negative.
/// </summary>
/// <param name="inputs">The number of inputs.</param>
/// <param name="capacity">The most rows.</param>
internal sealed class LinearRows(int inputs, int capacity)
{
    private readonly double[] _gradients = new double[capacity * inputs];
    private readonly double[] _offsets = new double[capacity];
    private readonly double _share = Rounding.Gamma(4L * (inputs + capacity + 8));

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>g of a row, shape [inputs].</summary>
    public ReadOnlySpan<double> Gradient(int row) => _gradients.AsSpan(row * inputs, inputs);

    /// <summary>h of a row.</summary>
    public double Offset(int row) => _offsets[row];

    /// <summary>Forgets all rows.</summary>
    public void Clear() => Count = 0;

    /// <summary>Adds a row.</summary>
    /// <param name="gradient">g, shape [inputs].</param>
    /// <param name="offset">h.</param>
    /// <param name="size">What h was summed of, beyond its own size.</param>
    /// <param name="cell">Where it holds.</param>
    public void Add(ReadOnlySpan<double> gradient, double offset, double size, Cell cell)
    {
        size += Math.Abs(offset);
        for (var j = 0; j < inputs; j++)
        {
            size += Math.Abs(gradient[j]) * Math.Max(Math.Abs(cell.Lower[j]), Math.Abs(cell.Upper[j]));
        }

        gradient.CopyTo(_gradients.AsSpan(Count * inputs));
        _offsets[Count++] = offset - ((size * _share) + 1e-290);
    }

    /// <summary>A lower bound of a row in a box.</summary>
    public double Minimum(int row, ReadOnlySpan<double> lower, ReadOnlySpan<double> upper) =>
        Minimum(Gradient(row), _offsets[row], lower, upper);

    /// <summary>The same of a sum of rows by weights.</summary>
    public static double Minimum(ReadOnlySpan<double> gradient, double offset, ReadOnlySpan<double> lower, ReadOnlySpan<double> upper)
    {
        var sum = offset;
        for (var j = 0; j < gradient.Length; j++)
        {
            sum += gradient[j] * (gradient[j] > 0 ? lower[j] : upper[j]);
        }

        return sum;
    }
}
