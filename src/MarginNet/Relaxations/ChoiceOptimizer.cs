using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>
/// Raises lower bounds of linear functions by gradient ascent in all that is free: slopes (α-CROWN, Xu et al. 2021) and the prices of
/// splits (β-CROWN, Wang et al. 2021). Every step is sound; the best of each bound is kept.
/// </summary>
internal static class ChoiceOptimizer
{
    /// <summary>Slopes as CROWN takes them, one for each function and set, and prices of 0 where there are splits.</summary>
    public static Choices Start(BoundPropagation bounds, int value, long rows, Choices? given = null)
    {
        var choices = new Choices { Signs = given?.Signs ?? [] };
        for (var i = 0; i < value; i++)
        {
            if (bounds.Graph.Steps[i].Curve is null)
            {
                continue;
            }

            var x = bounds[bounds.Graph.Steps[i].Data[0]];
            long[] shape = [rows, bounds.Count, .. x.Lower.shape.AsSpan()[1..]];
            choices.Shares[i] = given?.Shares.GetValueOrDefault(i) is { } share ? share.expand(shape).clone()
                : x.Upper.gt(-x.Lower).to(x.Lower.dtype).expand(shape).clone();
            if (choices.Signs.ContainsKey(i))
            {
                choices.Prices[i] = given?.Prices.GetValueOrDefault(i) is { } price ? price.expand(shape).clone()
                    : zeros(shape, x.Lower.dtype);
            }
        }

        return choices;
    }

    /// <summary>Optimises.</summary>
    /// <param name="bounds">The bounds of all values.</param>
    /// <param name="value">The value that functions are of.</param>
    /// <param name="rows">The functions, shape [R, N or 1, D].</param>
    /// <param name="start">Choices of <see cref="Start"/>; changed.</param>
    /// <param name="options">How.</param>
    /// <param name="offsets">What is added to the functions, shape [N] or [R, N]. Default nothing.</param>
    /// <param name="isOver">Whether to end early, asked after each step.</param>
    /// <returns>The best lower bounds, shape [R, N], and their choices.</returns>
    public static (Tensor Lower, Choices Choices) Run(
        BoundPropagation bounds, int value, Tensor rows, Choices start, OptimizerOptions options, Tensor? offsets = null,
        Func<bool>? isOver = null)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var (shares, prices) = (Free(start.Shares), Free(start.Prices));
        using var slopes = new AdamAscent([.. shares.Values], options.SlopeRate);
        using var costs = new AdamAscent([.. prices.Values], options.PriceRate);
        var choices = new Choices { Rule = start.Rule, Signs = start.Signs, Shares = shares, Prices = prices };
        Tensor? best = null;
        var kept = new Choices { Rule = start.Rule, Signs = start.Signs, Shares = Copy(shares), Prices = Copy(prices) };
        for (var i = 0; i <= options.Iterations; i++)
        {
            using var step = NewDisposeScope();
            var lower = bounds.Lower(value, rows, choices);
            lower = offsets is null ? lower : lower.Plus(offsets);
            var isMissing = lower.detach().IsAbove(options.Enough).logical_not();
            Keep(lower.detach());
            if (i == options.Iterations || !lower.requires_grad || !isMissing.any().item<bool>() || isOver?.Invoke() == true)
            {
                break;
            }

            (lower * isMissing.to(lower.dtype)).sum().backward();
            using var inference = no_grad();
            slopes.Step();
            costs.Step();
            foreach (var share in shares.Values)
            {
                share.CutTo(0, 1);
            }

            foreach (var price in prices.Values)
            {
                price.CutTo(0, 1e30);
            }

            (slopes.Rate, costs.Rate) = (slopes.Rate * options.Decay, costs.Rate * options.Decay);
        }

        foreach (var tensor in kept.Shares.Values.Concat(kept.Prices.Values))
        {
            tensor.MoveToOuterDisposeScope();
        }

        return (best!.MoveToOuterDisposeScope(), kept);

        void Keep(Tensor lower)
        {
            using var inference = no_grad();
            if (best is null)
            {
                best = lower.clone().MoveToOuterDisposeScope();
                return;
            }

            var isBetter = lower.gt(best);
            best.copy_(where(isBetter, lower, best));
            foreach (var (old, found) in ((Dictionary<int, Tensor>, Dictionary<int, Tensor>)[])
                [(kept.Shares, shares), (kept.Prices, prices)])
            {
                foreach (var (i, tensor) in found)
                {
                    Replace(old[i], tensor, isBetter);
                }
            }
        }

        static Dictionary<int, Tensor> Free(Dictionary<int, Tensor> parts) =>
            parts.ToDictionary(entry => entry.Key, entry => entry.Value.detach().requires_grad_());

        static Dictionary<int, Tensor> Copy(Dictionary<int, Tensor> parts) =>
            parts.ToDictionary(entry => entry.Key, entry => entry.Value.detach().clone());

        static void Replace(Tensor old, Tensor found, Tensor isBetter) => old.copy_(where(
            isBetter.reshape([.. isBetter.shape, .. Enumerable.Repeat(1L, (int)old.dim() - 2)]), found.detach(), old));
    }
}
