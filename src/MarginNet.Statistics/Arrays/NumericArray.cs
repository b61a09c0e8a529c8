using System.Collections.Immutable;

namespace MarginNet.Arrays;

/// <summary>A vector or matrix of numbers read from a file, in double precision and row by row.</summary>
/// <param name="Values">The numbers, row by row, shape [Rows × Columns].</param>
/// <param name="Rows">Number of rows N.</param>
/// <param name="Columns">Numbers in a row; 1 for a vector.</param>
/// <param name="IsVector">Whether the file held a vector, shape [N], rather than a matrix.</param>
public sealed record NumericArray(ReadOnlyMemory<double> Values, int Rows, int Columns, bool IsVector)
{
    /// <summary>The names of the columns, length <see cref="Columns"/>; empty, the default, where the file names none.</summary>
    public ImmutableArray<string> ColumnNames { get; init; } = [];

    /// <summary>What reading left out or took otherwise than it may seem, such as an index column: a line each,
    /// to be shown to whoever gave the file. Default empty.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>One row.</summary>
    /// <param name="row">Its index, in [0, <see cref="Rows"/>).</param>
    /// <returns>The numbers of the row, shape [Columns].</returns>
    public ReadOnlySpan<double> Row(int row) => Values.Span.Slice(row * Columns, Columns);
}
