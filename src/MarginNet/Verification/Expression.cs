using System.Collections.Immutable;
using MarginNet.Checkpoints;

namespace MarginNet.Verification;

/// <summary>A word, or a list in parentheses.</summary>
/// <param name="Line">The line on which it begins, from 1.</param>
/// <param name="Word">The word; null for a list.</param>
/// <param name="Items">What is in the list.</param>
internal sealed record Expression(int Line, string? Word, ImmutableArray<Expression> Items)
{
    /// <summary>The word that a list begins with; empty where it begins with none.</summary>
    public string Head => Items is [{ Word: { } head }, ..] ? head : "";

    /// <summary>What comes after the head.</summary>
    public ReadOnlySpan<Expression> Arguments => Items.AsSpan()[1..];

    /// <summary>An error that names the line.</summary>
    public InvalidDataException Refusal(string message) => new($"line {Line}: {message}");

    /// <summary>Its beginning, for messages.</summary>
    public override string ToString() => Word is not null ? FileText.Show(Word) : Head.Length > 0 ? $"({FileText.Show(Head)} …)" : "(…)";
}
