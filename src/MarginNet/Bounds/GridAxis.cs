namespace MarginNet.Bounds;

/// <summary>One axis of the circular grid on which a convolution is diagonal but for aliasing.</summary>
internal sealed record GridAxis
{
    private readonly int _dilation;
    private readonly double[] _cosines;
    private readonly double[] _sines;

    public GridAxis(int length, int taps, int stride, int dilation)
    {
        var needed = length + (dilation * (taps - 1));
        (Taps, Stride, _dilation, Frequencies) = (taps, stride, dilation, (needed + stride - 1) / stride);
        var size = Frequencies * stride;
        var angles = Enumerable.Range(0, size).Select(r => 2 * Math.PI * r / size).ToArray();
        (_cosines, _sines) = (Array.ConvertAll(angles, Math.Cos), Array.ConvertAll(angles, Math.Sin));
    }

    public int Taps { get; }

    public int Stride { get; }

    /// <summary>The frequencies that remain after the stride; each stands for as many aliased ones as the stride.</summary>
    public int Frequencies { get; }

    /// <summary>Cosine and sine of a tap's phase at an aliased frequency.</summary>
    public (double Cosine, double Sine) Wave(int tap, int frequency, int alias)
    {
        var size = Frequencies * Stride;
        var phase = (int)((long)tap * _dilation * (frequency + (alias * Frequencies)) % size);
        return (_cosines[phase], _sines[phase]);
    }
}
