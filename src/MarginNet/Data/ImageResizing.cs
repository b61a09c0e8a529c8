namespace MarginNet.Data;

/// <summary>How a picture becomes one of another shape.</summary>
public enum ImageResizing
{
    /// <summary>All of it, stretched or squeezed to the new height and width.</summary>
    Stretch,

    /// <summary>Its middle, the largest part of the new shape, resized.</summary>
    Crop,

    /// <summary>All of it, resized as it is, with black on two sides.</summary>
    Pad,
}
