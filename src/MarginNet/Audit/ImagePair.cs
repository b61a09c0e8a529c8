namespace MarginNet.Audit;

/// <summary>Two images that are the same, or nearly.</summary>
/// <param name="First">The one, by its place in the set searched.</param>
/// <param name="Second">The other, which comes after it.</param>
/// <param name="IsExact">Whether every pixel is equal.</param>
/// <param name="Distance">The root of the mean squared difference of their pixels, of 0 to 255; 0 where exact.</param>
public readonly record struct ImagePair(int First, int Second, bool IsExact, double Distance);
