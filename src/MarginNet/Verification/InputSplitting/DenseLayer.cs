using static TorchSharp.torch;

namespace MarginNet.Verification;

/// <summary>An affine map of few numbers and the gate behind it, as padded matrices.</summary>
internal sealed class DenseLayer
{
    /// <param name="map">The map.</param>
    /// <param name="closed">The slope of the gate below 0: 0 of ReLU, 1 where there is none.</param>
    /// <param name="stride">The length of a padded row.</param>
    public DenseLayer(AffineMap map, double closed, int stride)
    {
        Inputs = (int)map.Weight.shape[1];
        Outputs = (int)map.Weight.shape[0];
        Closed = closed;
        Terms = map.Terms;
        ByInput = Padded(map.Weight.t(), stride);
        ByOutput = Padded(map.Weight, stride);
        SizeByInput = Padded(map.Size.t(), stride);
        Bias = Padded(map.Bias.unsqueeze(0), stride);
        BiasSize = Padded(map.BiasSize.unsqueeze(0), stride);
    }

    /// <summary>The numbers that it takes.</summary>
    public int Inputs { get; }

    /// <summary>The numbers that it gives.</summary>
    public int Outputs { get; }

    /// <summary>The slope of the gate below 0.</summary>
    public double Closed { get; }

    /// <summary>The roundings behind its numbers, as of the map.</summary>
    public long Terms { get; }

    /// <summary>Wᵀ, shape [inputs, stride].</summary>
    public double[] ByInput { get; }

    /// <summary>W, shape [outputs, stride].</summary>
    public double[] ByOutput { get; }

    /// <summary>What W is made of, transposed: shape [inputs, stride].</summary>
    public double[] SizeByInput { get; }

    /// <summary>b, shape [stride].</summary>
    public double[] Bias { get; }

    /// <summary>What b is made of, shape [stride].</summary>
    public double[] BiasSize { get; }

    /// <summary>The gate's value.</summary>
    public double Gate(double x) => x > 0 ? x : x * Closed;

    private static double[] Padded(Tensor matrix, int stride)
    {
        var (rows, width) = ((int)matrix.shape[0], (int)matrix.shape[1]);
        var (values, padded) = (matrix.contiguous().data<double>().ToArray(), new double[rows * stride]);
        for (var row = 0; row < rows; row++)
        {
            values.AsSpan(row * width, width).CopyTo(padded.AsSpan(row * stride));
        }

        return padded;
    }
}
