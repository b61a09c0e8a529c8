namespace MarginNet;

/// <summary>
/// The numbers in which a network's convolutions and products are computed. Whatever it is, weights, batch-norm statistics, the last
/// layer, scores, margins and losses are float32; certificates are for <see cref="Float32"/> alone.
/// </summary>
public enum Precision
{
    /// <summary>24 bits of a number count.</summary>
#pragma warning disable CA1720 // Identifiers should not contain type names: it is the name of these numbers.
    Float32,
#pragma warning restore CA1720

    /// <summary>8 bits of a number count, in the range of float32.</summary>
    BFloat16,

    /// <summary>11 bits of a number count, in a range that small gradients fall out of:
    /// training scales the loss up while its gradients stay finite.</summary>
    Float16,

    /// <summary>The fastest of the others on the device, which <c>PrecisionChoice.Resolve</c> of MarginNet tells.</summary>
    Auto,
}
