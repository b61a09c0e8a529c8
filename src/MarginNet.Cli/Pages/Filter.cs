namespace MarginNet.Cli.Pages;

/// <summary>What the script of a page looks for.</summary>
internal static class Filter
{
    /// <summary>Marks a table that sorts and a gallery that filters. Its value names the columns, or the attributes, that hold
    /// classes.</summary>
    public const string Attribute = "data-filter";
}
