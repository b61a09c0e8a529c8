using System.Numerics.Tensors;

namespace MarginNet.PValues;

/// <summary>
/// A running estimate of the inverse of −∇²log L in the coordinates of <see cref="MixtureParameters"/>, updated by the BFGS rule.
/// It starts as the diagonal matrix that turns a gradient into the EM step (Xu and Jordan 1996,
/// On convergence properties of the EM algorithm).
/// </summary>
internal sealed class InverseCurvature
{
    private const double SmallestCurvature = 1e-10; // of the cosine between a step and the fall of the gradient along it

    private readonly double[][] _rows;

    private InverseCurvature(double[][] rows) => _rows = rows;

    public InverseCurvature(MixtureParameters parameters, int count)
    {
        var order = parameters.Order;
        _rows = [.. Enumerable.Range(0, 3 * order).Select(_ => new double[3 * order])];
        for (var k = 0; k < order; k++)
        {
            var values = count * Math.Exp(parameters.LogWeights[k]);
            _rows[k][k] = 1 / values;
            _rows[order + k][order + k] = Math.Exp(2 * parameters.LogDeviations[k]) / values;
            _rows[(2 * order) + k][(2 * order) + k] = 1 / (2 * values);
        }
    }

    /// <summary>The Newton-like step H g from a gradient g.</summary>
    public double[] Multiply(ReadOnlySpan<double> gradient)
    {
        var product = new double[_rows.Length];
        for (var i = 0; i < product.Length; i++)
            product[i] = TensorPrimitives.Dot(_rows[i], gradient);

        return product;
    }

    public InverseCurvature Clone() => new([.. _rows.Select(row => (double[])row.Clone())]);

    /// <summary>H ← H + (1 + yᵀHy/sᵀy) ssᵀ/sᵀy − (Hysᵀ + syᵀH)/sᵀy, for a step s along which the gradient fell by y.</summary>
    public void Update(MixturePoint from, MixturePoint to)
    {
        var step = Subtract(to.Parameters.Coordinates, from.Parameters.Coordinates);
        var fall = Subtract(from.Gradient, to.Gradient);
        var curvature = TensorPrimitives.Dot<double>(step, fall);
        if (!(curvature > SmallestCurvature * TensorPrimitives.Norm<double>(step) * TensorPrimitives.Norm<double>(fall)))
            return;

        var image = Multiply(fall);
        var scale = (1 + (TensorPrimitives.Dot<double>(image, fall) / curvature)) / curvature;
        for (var i = 0; i < _rows.Length; i++)
        {
            TensorPrimitives.MultiplyAdd<double>(step, (scale * step[i]) - (image[i] / curvature), _rows[i], _rows[i]);
            TensorPrimitives.MultiplyAdd<double>(image, -step[i] / curvature, _rows[i], _rows[i]);
        }
    }

    private static double[] Subtract(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
    {
        var difference = new double[left.Length];
        TensorPrimitives.Subtract(left, right, difference);
        return difference;
    }
}
