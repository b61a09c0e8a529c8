using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>The windows of a pool along one axis.</summary>
internal sealed record PoolAxis
{
    private readonly Func<int, int[][]> _windows;
    private readonly int? _divisor;
    private readonly string _settings;

    private PoolAxis(Func<int, int[][]> windows, int? divisor, string settings) =>
        (_windows, _divisor, _settings) = (windows, divisor, settings);

    /// <summary>Windows of so many numbers, some apart, at steps, over a padded axis.</summary>
    public static PoolAxis Sliding(int kernel, int stride, int padding, int dilation) => new(
        length =>
        {
            var room = length + (2 * padding) - (dilation * (kernel - 1)) - 1;
            return
            [
                .. Enumerable.Range(0, room < 0 ? 0 : (room / stride) + 1).Select(i => Enumerable.Range(0, kernel)
                    .Select(tap => (i * stride) - padding + (tap * dilation)).Where(at => at >= 0 && at < length).ToArray()),
            ];
        },
        kernel,
        $"{kernel} by {stride} padded {padding} dilated {dilation}");

    /// <summary>As many windows as asked for, as PyTorch's adaptive pools have them.</summary>
    public static PoolAxis Adaptive(int outputs) => new(
        length => [.. Enumerable.Range(0, outputs)
            .Select(i => (First: i * length / outputs, End: (((i + 1) * length) + outputs - 1) / outputs))
            .Select(w => Enumerable.Range(w.First, w.End - w.First).ToArray())],
        divisor: null,
        $"adaptive to {outputs}");

    public override string ToString() => _settings;

    public int Outputs(int length) => _windows(length).Length;

    /// <summary>How many windows the same number may be in: that many maxima may move by as much as it does.</summary>
    public int Overlap(int length) =>
        _windows(length).SelectMany(window => window).GroupBy(at => at).Select(windows => windows.Count()).DefaultIfEmpty().Max();

    /// <summary>The numbers in the largest window.</summary>
    public int LargestWindow(int length) => _windows(length).Select(window => window.Length).DefaultIfEmpty().Max();

    /// <summary>The norm of taking the average of each window.</summary>
    public UpperBound AverageNorm(int length)
    {
        var windows = _windows(length);
        var values = new double[windows.Length, length];
        for (var i = 0; i < windows.Length; i++)
        {
            foreach (var at in windows[i])
            {
                values[i, at] = 1.0 / (_divisor ?? windows[i].Length);
            }
        }

        var matrix = new BoundedMatrix(tensor(values), 0);
        return (matrix with { Error = Rounding.ProductUp(matrix.Frobenius, 2 * Rounding.Unit) }).Norm();
    }
}
