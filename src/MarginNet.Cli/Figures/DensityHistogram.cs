using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>A histogram of numbers as a density, which has the area 1, for the densities of a model to be drawn over.</summary>
internal sealed class DensityHistogram
{
    private const int MostBins = 40;
    private const int CurvePoints = 300;

    /// <param name="values">The numbers, at least one.</param>
    public DensityHistogram(double[] values)
    {
        var (low, high) = (values.Min(), values.Max());
        var bins = Math.Clamp((int)Math.Ceiling(2 * Math.Cbrt(values.Length)), 1, MostBins);
        Width = high > low ? (high - low) / bins : 1;
        Densities = new double[bins];
        foreach (var value in values)
        {
            Densities[Math.Min((int)((value - low) / Width), bins - 1)] += 1 / (values.Length * Width);
        }

        Middles = [.. Enumerable.Range(0, bins).Select(bin => low + ((bin + 0.5) * Width))];
    }

    /// <summary>The middle of each bar.</summary>
    public double[] Middles { get; }

    /// <summary>The density of each.</summary>
    public double[] Densities { get; }

    /// <summary>How wide a bar is.</summary>
    public double Width { get; }

    /// <summary>Where an axis for it begins.</summary>
    public double Start => Middles[0] - Width;

    /// <summary>Where it ends.</summary>
    public double End => Middles[^1] + Width;

    /// <summary>The largest density.</summary>
    public double Highest => Densities.Max();

    /// <summary>Points along the axis, at which a curve over it is computed.</summary>
    public double[] Points => [.. Enumerable.Range(0, CurvePoints).Select(i => Start + ((End - Start) * i / (CurvePoints - 1)))];

    /// <summary>Draws its bars.</summary>
    public void AddTo(Plot plot) => plot.Add.Bars(Middles.Zip(Densities, (middle, density) => new Bar
    {
        Position = middle,
        Value = density,
        Size = Width,
        FillColor = Colors.SteelBlue.WithAlpha(0.55),
        LineWidth = 0,
    }).ToList());
}
