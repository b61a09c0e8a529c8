namespace MarginNet.Arrays;

/// <summary>What the numbers of pixels are.</summary>
public enum PixelUnit
{
    /// <summary>Pixels in [0, 1], as models of this library take them.</summary>
    Unit,

    /// <summary>Bytes, 0 to 255, of which 255 stands for 1.</summary>
    Byte,

    /// <summary>Pixels less a mean and divided by a deviation, one of each for a channel.</summary>
    Normalized,
}
