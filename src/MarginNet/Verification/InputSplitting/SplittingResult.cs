namespace MarginNet.Verification;

/// <summary>What splitting inputs found out of a query.</summary>
/// <param name="Answer">Unsat where all cells are proven; sat with a counterexample; timeout; unknown where some cells could neither be
/// proven nor split, or there were too many.</param>
/// <param name="Input">The counterexample, which was confirmed, shape [inputs]; null without one.</param>
/// <param name="Cells">How many cells were bounded.</param>
/// <param name="Depth">The most splits in a row.</param>
/// <param name="SetAside">How many cells were too small to split.</param>
/// <param name="Refuted">How many counterexamples were not confirmed.</param>
internal sealed record SplittingResult(Answer Answer, double[]? Input, long Cells, int Depth, long SetAside, int Refuted);
