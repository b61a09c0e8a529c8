using MarginNet.Bounds;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Networks as the chains of matrices and fixed maps that spectral complexity is of. A residual block x + g(x) is x ↦ (x, x), then each
/// layer A of g as diag(I, A) with the reference diag(I, 0), then the sum; so are branches.
/// </summary>
internal static class SpectralLayers
{
    /// <summary>The layers of a chain; those of norm 1 that are not learned, such as ReLU, are among them.</summary>
    /// <exception cref="NotSupportedException">A layer's norms are not known; the message names the layer.</exception>
    public static IEnumerable<SpectralLayer> Of(IEnumerable<Layer> layers, FeatureShape input, CancellationToken cancellation = default)
    {
        foreach (var layer in layers)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var part in Parts(layer, input, cancellation))
            {
                yield return part;
            }

            input = layer.Output(input);
        }
    }

    private static IEnumerable<SpectralLayer> Parts(Layer layer, FeatureShape input, CancellationToken cancellation) => layer switch
    {
        ResidualLayer residual => Fork(residual, [residual.Body, residual.Skip], input, cancellation)
            .Append(Fixed(residual, input, new(Rounding.RootUp(2)))),
        BranchesLayer branches => Fork(branches, branches.Branches, input, cancellation),
        SllLayer sll => Sll(sll, input),
        LinearLayer linear => [Learned(linear, input, RowNorms(linear.Weight))],
        ConvolutionLayer convolution => [Learned(convolution, input, RowNorms(convolution, input))],
        TransposedConvolutionLayer transposed => [Learned(transposed, input, ColumnNorms(transposed.Convolution, transposed.Outputs))],
        ChannelScaleLayer { IsTranslation: false, IsNormalization: false } scale => [Learned(scale, input, RowNorms(scale, input))],
        ChannelScaleLayer or ActivationLayer or AveragePoolLayer or MaxPoolLayer or FlattenLayer or RearrangementLayer =>
            [Fixed(layer, input, layer.Bound(input).Bound)],
        _ => throw new NotSupportedException($"Layer '{layer.Name}' is a {layer.Kind} whose part in spectral complexity is not known."),
    };

    private static SpectralLayer Learned(Layer layer, FeatureShape input, double distance) =>
        new(layer.Name, layer.Kind, layer.Output(input), layer.Bound(input).Bound, new(distance));

    private static SpectralLayer Fixed(Layer layer, FeatureShape input, UpperBound norm) =>
        new(layer.Name, layer.Kind, layer.Output(input), norm, new(0));

    /// <summary>Copies of the input, and the branches one after another, while the other values are carried past.</summary>
    private static IEnumerable<SpectralLayer> Fork(
        Layer layer, IReadOnlyList<IReadOnlyList<Layer>> branches, FeatureShape input, CancellationToken cancellation)
    {
        yield return new(layer.Name, layer.Kind, input, new(Rounding.RootUp(branches.Count)), new(0));
        foreach (var part in branches.SelectMany(branch => Of(branch, input, cancellation)))
        {
            yield return part with { Norm = new(Math.Max(1, part.Norm.Value)) };
        }
    }

    /// <summary>x − GᵀReLU(Gx + b) as x ↦ (x, Gx), ReLU on the latter, and (x, y) ↦ x − Gᵀy: matrices of norm √(1 + ‖G‖²).</summary>
    private static SpectralLayer[] Sll(SllLayer sll, FeatureShape input)
    {
        var norm = sll.Map.Bound(input).Bound.Value;
        var carried = new UpperBound(Rounding.RootUp(Rounding.SumUp(1, Rounding.ProductUp(norm, norm))));
        var (inward, outward) = sll.Map switch
        {
            LinearLayer dense => (RowNorms(dense.Weight), RowNorms(dense.Weight with { Value = dense.Weight.Value.t() })),
            ConvolutionLayer convolution => (RowNorms(convolution, input), ColumnNorms(convolution, input)),
            var other => throw new NotSupportedException(
                $"Layer '{sll.Name}' is residual around a {other.Kind}, whose part in spectral complexity is not known."),
        };
        return
        [
            new($"{sll.Name} in", sll.Kind, sll.Map.Output(input), carried, new(inward)),
            new($"{sll.Name} out", sll.Kind, input, carried, new(outward)),
        ];
    }

    /// <summary>Σ over rows of their norms; an error of Frobenius norm E in all has at most √rows E of it.</summary>
    private static double RowNorms(BoundedMatrix matrix) => Rounding.SumUp(
        ScoreConstants.RowNorms(matrix.Value, 0).Aggregate(Rounding.SumUp),
        Rounding.ProductUp(Rounding.RootUp(matrix.Rows), matrix.Error));

    private static double RowNorms(ChannelScaleLayer scale, FeatureShape input)
    {
        using var scope = NewDisposeScope();
        var sizes = scale.Factors.abs().expand(input.Channels);
        var sum = Rounding.NormUp(sizes.sum().item<double>(), sizes.numel());
        return Rounding.ProductUp(Rounding.ProductUp(sum, input.Height * input.Width), Rounding.SumUp(1, scale.RelativeError));
    }

    /// <summary>Σ over outputs of the norm of their row, with the taps that meet the image at its size: the squares of the weights
    /// convolved with ones.</summary>
    private static double RowNorms(ConvolutionLayer convolution, FeatureShape input) =>
        Norms(convolution, input, (squares, ones) => squares.Apply(ones));

    /// <summary>The same over inputs of the norm of their column, such as are the rows of the transposed map.</summary>
    private static double ColumnNorms(ConvolutionLayer convolution, FeatureShape input) => Norms(
        convolution,
        convolution.Output(input),
        (squares, ones) => new TransposedConvolutionLayer(squares.Name, squares, input).Apply(ones));

    private static double Norms(ConvolutionLayer convolution, FeatureShape ones, Func<ConvolutionLayer, Tensor, Tensor> apply)
    {
        using var scope = NewDisposeScope();
        var (layer, exponent) = convolution.Normalized();
        var normalized = (ConvolutionLayer)layer;
        var sums = apply(
            normalized with { Weight = normalized.Weight.square() },
            ones_like(normalized.Weight[0, 0, 0, 0]).expand(1, ones.Channels, ones.Height, ones.Width));
        var norm = Rounding.NormUp(sums.sqrt().sum().item<double>(), normalized.Weight.numel() + sums.numel());
        return Rounding.ScaleUp(Rounding.ProductUp(norm, Rounding.SumUp(1, normalized.RelativeError)), exponent);
    }
}
