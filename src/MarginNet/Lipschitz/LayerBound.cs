using MarginNet.Bounds;

namespace MarginNet.Lipschitz;

/// <summary>What one layer contributes to the product of norms.</summary>
/// <param name="Name">Where it is in the network, with what was folded into it, such as <c>conv1 + bn1</c>.</param>
/// <param name="Kind">What it is, such as <c>convolution</c>.</param>
/// <param name="Output">The shape of its output.</param>
/// <param name="Bound">An upper bound of its Lipschitz constant in ℓ2.</param>
/// <param name="Method">What the bound came from, such as <c>frequencies</c>.</param>
public sealed record LayerBound(string Name, string Kind, FeatureShape Output, UpperBound Bound, string Method);
