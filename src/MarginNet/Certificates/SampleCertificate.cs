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

    /// <summary>The least radius within which an attack changes the decision, so that none as large can be proven.</summary>
    public double BrokenAt { get; private set; } = double.PositiveInfinity;

    /// <summary>The largest radius within which an attack did not: another one there would find no more.</summary>
    public double WithstoodAt { get; private set; }

    public bool Holds(double distance) => _best.Holds(distance);

    public void Keep(CertifiedRadius certificate) => _best = certificate.Radius > _best.Radius ? certificate : _best;

    public void KeepAttack(double radius, bool isBroken)
    {
        if (isBroken)
        {
            BrokenAt = Math.Min(BrokenAt, radius);
        }
        else
        {
            WithstoodAt = Math.Max(WithstoodAt, radius);
        }
    }

    public CertifiedRadius ToRadius(CertificateOptions options) => _best with
    {
        Norm = options.Norm,
        Seconds = Seconds,
        RadiusBeforeRounding = _best.IsClosed ? double.NaN : _best.RadiusBeforeRounding,
    };
}
