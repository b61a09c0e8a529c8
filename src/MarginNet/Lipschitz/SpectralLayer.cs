using MarginNet.Bounds;

namespace MarginNet.Lipschitz;

/// <summary>What one layer A contributes to a <see cref="SpectralComplexity"/>.</summary>
/// <param name="Name">Where it is in the network, with what was folded into it, such as <c>conv1 + bn1</c>.</param>
/// <param name="Kind">What it is, such as <c>convolution</c>.</param>
/// <param name="Output">The shape of its output.</param>
/// <param name="Norm">An upper bound of ‖A‖₂, or of the Lipschitz constant ρ of a nonlinearity.</param>
/// <param name="Distance">
/// An upper bound of ‖Aᵀ − Mᵀ‖₂,₁, the sum over outputs of the ℓ2 norms of the rows of A − M, where the reference M is zero, or the
/// identity on what a residual block carries past A; 0 for what is not learned, which is its own reference.
/// </param>
public sealed record SpectralLayer(string Name, string Kind, FeatureShape Output, UpperBound Norm, UpperBound Distance);
