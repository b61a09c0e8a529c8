namespace MarginNet.Certificates;

/// <summary>What is certified of one sample so far.</summary>
/// <param name="index">Its number.</param>
/// <param name="decided">The network's decision.</param>
/// <param name="hasLead">Whether no other score is as large.</param>
internal sealed class SampleCertificate(int index, int decided, bool hasLead)
{
    private CertifiedRadius _best = new(decided, 0, CertificateSource.None);

    public int Index => index;

    public int Decided => decided;

    public bool HasLead => hasLead;

    /// <summary>The time spent on it: of a batch its share.</summary>
    public double Seconds { get; set; }

    public double Radius => _best.Radius;

    public bool Holds(double distance) => _best.Holds(distance);

    public void Keep(CertifiedRadius certificate) => _best = certificate.Radius > _best.Radius ? certificate : _best;

    public CertifiedRadius ToRadius(CertificateOptions options) => _best with
    {
        Norm = options.Norm,
        Seconds = Seconds,
        RadiusBeforeRounding = _best.IsClosed ? double.NaN : _best.RadiusBeforeRounding,
    };
}
