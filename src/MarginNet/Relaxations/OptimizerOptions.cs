namespace MarginNet.Relaxations;

/// <summary>How free choices are optimised.</summary>
/// <param name="Iterations">Gradient steps. Default 20.</param>
/// <param name="SlopeRate">Adam's learning rate of shares. Default 0.1.</param>
/// <param name="PriceRate">Adam's learning rate of prices. Default 0.1.</param>
/// <param name="Decay">What both are multiplied by after each step. Default 0.98.</param>
/// <param name="Enough">A bound above this is not improved. Default 10⁻⁴.</param>
internal sealed record OptimizerOptions(
    int Iterations = 20, double SlopeRate = 0.1, double PriceRate = 0.1, double Decay = 0.98, double Enough = 1e-4);
