using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>What poolings over windows have in common.</summary>
internal static class Pooling
{
    public static Window Read(OnnxNode node)
    {
        var x = node.Input(0).Shape;
        return x.Rank is 3 or 4 or 5 ? Window.Read(node, x.Sizes.AsSpan()[2..])
            : throw new InvalidDataException($"It gets {x}: expected [N, C, ...] with one to three axes more.");
    }

    /// <summary>The shape behind it; null where it does not fit.</summary>
    public static ValueShape? Shape(Window window, bool isCeiling, ValueShape x)
    {
        var axes = window.Kernel.Length;
        // A window may not be all in what is added around.
        if (x.Rank != axes + 2 || Enumerable.Range(0, axes).Any(
            i => x[2 + i].IsPerImage || window.Before[i] >= window.Reach(i) || window.After[i] >= window.Reach(i)))
        {
            return null;
        }

        ImmutableArray<Dimension> sizes = [.. window.Kernel.Select((_, i) => new Dimension(window.Output(i, x[2 + i].Count, isCeiling)))];
        return sizes.All(size => size.Count > 0) ? new([x[0], x[1], .. sizes]) : null;
    }

    public static string Expected(Window window) =>
        $"[N, C, ...] of at least the size of its window [{string.Join(", ", window.Kernel)}], with less than that around";

    /// <summary>[N, C, H, W], H = 1 where there is none.</summary>
    public static Tensor Plane(Tensor x) => x.dim() == 3 ? x.unsqueeze(2) : x;
}
