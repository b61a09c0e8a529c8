namespace MarginNet.Levels;

/// <summary>The mean of independent shares, with its 95 % interval.</summary>
internal sealed class Rate
{
    private double _sum;
    private double _squares;
    private int _count;

    public double Mean => _sum / _count;

    public double HalfWidth => 1.96 * Math.Sqrt(Math.Max(0, ((_squares / _count) - (Mean * Mean)) / (_count - 1)));

    public void Add(double share)
    {
        _sum += share;
        _squares += share * share;
        _count++;
    }

    /// <summary>How many standard errors the rate is above a level.</summary>
    public double Excess(double level) => Mean <= level ? 0 : (Mean - level) / (HalfWidth / 1.96);
}
