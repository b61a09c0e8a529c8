using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>One comparison of a property: a bound of an input, or a row of the outputs.</summary>
/// <param name="Source">Where it is written.</param>
internal abstract record Comparison(Expression Source);

/// <summary>x ≤ b or x ≥ b.</summary>
/// <param name="Source">Where it is written.</param>
/// <param name="Input">The number of the input.</param>
/// <param name="IsUpper">Whether it is bounded from above.</param>
/// <param name="Value">The bound b.</param>
internal sealed record InputBound(Expression Source, int Input, bool IsUpper, double Value) : Comparison(Source);

/// <summary>a·y ≤ b.</summary>
/// <param name="Source">Where it is written.</param>
/// <param name="Form">a·y − b.</param>
internal sealed record OutputRow(Expression Source, LinearForm Form) : Comparison(Source)
{
    private ImmutableArray<double> _weights;

    /// <summary>The weights a of so many outputs.</summary>
    public ImmutableArray<double> Weights(int outputs)
    {
        if (_weights.IsDefault)
        {
            var weights = new double[outputs];
            foreach (var (variable, coefficient) in Form.Coefficients)
            {
                weights[variable.Index] = coefficient;
            }

            _weights = ImmutableArray.Create(weights);
        }

        return _weights;
    }
}
