namespace MarginNet.Certificates;

/// <summary>An input inside a certified ball that is decided otherwise: the certificate is wrong.</summary>
/// <param name="Index">The sample's number.</param>
/// <param name="Radius">Its certified radius, in the norm of the certificate.</param>
/// <param name="Distance">How far the input found is from it, in the same norm.</param>
/// <param name="PredictedClass">The decision for the sample, certified not to change.</param>
/// <param name="AttackedClass">The decision for the input found.</param>
public sealed record CertificateViolation(int Index, double Radius, double Distance, int PredictedClass, int AttackedClass);
