namespace MarginNet.Serving;

/// <summary>What is said of an image.</summary>
/// <param name="Class">The name of the decided class.</param>
/// <param name="Margin">Its lead over the runner-up, in logits.</param>
/// <param name="PValue">How small a margin this is among right decisions for that class, in [0, 1], by the calibration's tail.</param>
/// <param name="Flagged">Whether that is too small to trust the decision.</param>
/// <param name="Model">Which model says so: <see cref="ModelCard.Version"/>.</param>
public sealed record Verdict(string Class, double Margin, double PValue, bool Flagged, string Model);
