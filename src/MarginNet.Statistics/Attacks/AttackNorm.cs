namespace MarginNet.Attacks;

/// <summary>How the size of a change δ of an image is measured, on pixels in [0, 1].</summary>
public enum AttackNorm
{
    /// <summary>ℓ∞, the largest change of a pixel: maxⱼ |δⱼ|.</summary>
    Linf,

    /// <summary>ℓ2, the Euclidean length of the change of the whole image: √Σⱼ δⱼ².</summary>
    L2,

    /// <summary>ℓ1, the sum of the changes of all pixels: Σⱼ |δⱼ|.</summary>
    L1,
}
