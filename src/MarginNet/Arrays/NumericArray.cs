namespace MarginNet.Arrays;

/// <summary>A vector or matrix of numbers read from a file, in double precision and row by row.</summary>
/// <param name="Values">The numbers, row by row, shape [Rows × Columns].</param>
/// <param name="Rows">Number of rows N.</param>
/// <param name="Columns">Numbers in a row; 1 for a vector.</param>
/// <param name="IsVector">Whether the file held a vector, shape [N], rather than a matrix.</param>
public sealed record NumericArray(ReadOnlyMemory<double> Values, int Rows, int Columns, bool IsVector)
{
    /// <summary>One row.</summary>
    /// <param name="row">Its index, in [0, <see cref="Rows"/>).</param>
    /// <returns>The numbers of the row, shape [Columns].</returns>
    public ReadOnlySpan<double> Row(int row) => Values.Span.Slice(row * Columns, Columns);
}
