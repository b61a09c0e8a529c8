using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>What is free in a bound, every choice being sound: slopes of lines below curves, and prices of what is known of their inputs
/// beside their bounds.</summary>
internal sealed class Choices
{
    /// <summary>The slopes where <see cref="Shares"/> has none.</summary>
    public SlopeRule Rule { get; init; } = SlopeRule.Adaptive;

    /// <summary>For steps of curves: where the slopes below are between the least and the largest, in [0, 1], shape [N, …] or
    /// [R, N, …].</summary>
    public Dictionary<int, Tensor> Shares { get; init; } = [];

    /// <summary>For steps of curves: the prices β ≥ 0 of splits, shape [N, …] or [R, N, …]. They count where <see cref="Signs"/> are not
    /// 0.</summary>
    public Dictionary<int, Tensor> Prices { get; init; } = [];

    /// <summary>For steps of curves: +1 where the input is known to be at least 0, −1 where it is at most 0, else 0; shape
    /// [N, …].</summary>
    public Dictionary<int, Tensor> Signs { get; init; } = [];
}
