using System.Collections.Immutable;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>A figure of one or more panels.</summary>
/// <param name="Name">What its files are called.</param>
/// <param name="Caption">What it shows.</param>
/// <param name="Columns">Panels in a row.</param>
/// <param name="Panels">The panels, row by row.</param>
internal sealed record Figure(string Name, string Caption, int Columns, ImmutableArray<Panel> Panels);

/// <summary>One picture.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Description">What it says, in words and numbers, for those who do not see it.</param>
/// <param name="Plot">The picture.</param>
/// <param name="Width">Its width in pixels at the scale 1, for which its text is set.</param>
/// <param name="Height">Its height in pixels at the scale 1.</param>
internal sealed record Panel(string Caption, string Description, Plot Plot, int Width = 500, int Height = 350);
