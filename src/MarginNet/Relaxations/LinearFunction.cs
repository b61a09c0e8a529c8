using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>Functions A·x + b of the images that are below others.</summary>
/// <param name="Coefficients">A, shape [R, N, D].</param>
/// <param name="Offset">b, less what rounding may have added, shape [R, N].</param>
internal readonly record struct LinearFunction(Tensor Coefficients, Tensor Offset);
