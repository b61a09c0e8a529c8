using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Folds factors of channels, such as batch-norms, into the linear layer before them, or else into the one behind:
/// W·diag(s) has a smaller norm than ‖W‖·max|s|.</summary>
internal static class ScaleFolding
{
    public static List<Layer> Fold(IEnumerable<Layer> layers)
    {
        var folded = layers.Select(layer => layer switch
        {
            ResidualLayer residual => residual with { Body = Fold(residual.Body), Skip = Fold(residual.Skip) },
            BranchesLayer branches => branches with { Branches = [.. branches.Branches.Select(Fold)] },
            _ => layer,
        }).ToList();
        for (var i = 0; i < folded.Count; i++)
        {
            if (folded[i] is ChannelScaleLayer scale && (TryBackward(folded, i, scale) || TryForward(folded, i, scale)))
            {
                i--;
            }
        }

        return folded;
    }

    /// <summary>Into the linear layer before, if need be through layers that work channel by channel: those let |s| pass,
    /// and sign(s) stays behind.</summary>
    private static bool TryBackward(List<Layer> layers, int at, ChannelScaleLayer scale)
    {
        var before = at - 1;
        while (before >= 0 && layers[before].IsHomogeneous && layers[before] is not ChannelScaleLayer)
        {
            before--;
        }

        if (before < 0 || !CanScaleOutputs(layers[before], scale))
        {
            return false;
        }

        var isAdjacent = before == at - 1;
        var signs = scale.Factors.sign();
        if (!isAdjacent && signs.abs().min().ToDouble() == 0)
        {
            return false; // A channel multiplied by zero has no sign to leave behind.
        }

        var passed = isAdjacent ? scale : scale with { Factors = scale.Factors.abs() };
        layers[before] = layers[before] switch
        {
            LinearLayer linear => linear.ScaleOutputs(passed) with { Name = $"{linear.Name} + {scale.Name}" },
            ConvolutionLayer convolution => convolution.ScaleOutputs(passed) with { Name = $"{convolution.Name} + {scale.Name}" },
            var other => other,
        };
        if (isAdjacent || signs.min().ToDouble() > 0)
        {
            layers.RemoveAt(at);
            return true;
        }

        layers[at] = new ChannelScaleLayer($"signs of {scale.Name}", signs, 0);
        return false;
    }

    private static bool CanScaleOutputs(Layer layer, ChannelScaleLayer scale) => layer switch
    {
        LinearLayer linear => KeepsDigits(linear.Weight.Value, scale.Factors.reshape(-1, 1)),
        ConvolutionLayer convolution => KeepsDigits(convolution.Weight, scale.Factors.reshape(-1, 1, 1, 1)),
        _ => false,
    };

    /// <summary>
    /// Whether no product of two numbers overflows or underflows, so that each is off by its rounding alone. Of weights in single
    /// precision, which prove nothing, it is not asked.
    /// </summary>
    public static bool KeepsDigits(Tensor left, Tensor right)
    {
        if (left.dtype != ScalarType.Float64)
        {
            return true;
        }

        using var scope = NewDisposeScope();
        var sizes = (left * right).abs();
        return ((sizes.ge(Rounding.SmallestNormal) & sizes.isfinite()) | left.eq(0) | right.eq(0)).all().item<bool>();
    }

    private static bool TryForward(List<Layer> layers, int at, ChannelScaleLayer scale)
    {
        Layer? next = at + 1 < layers.Count && layers[at] == scale
            ? layers[at + 1] switch
            {
                LinearLayer linear when KeepsDigits(linear.Weight.Value, scale.Factors) =>
                    linear.ScaleInputs(scale) with { Name = $"{scale.Name} + {linear.Name}" },
                ConvolutionLayer { Steps.Groups: 1 } convolution when KeepsDigits(convolution.Weight, scale.Factors.reshape(-1, 1, 1)) =>
                    convolution.ScaleInputs(scale) with { Name = $"{scale.Name} + {convolution.Name}" },
                _ => null,
            }
            : null;
        if (next is null)
        {
            return false;
        }

        layers[at + 1] = next;
        layers.RemoveAt(at);
        return true;
    }
}
