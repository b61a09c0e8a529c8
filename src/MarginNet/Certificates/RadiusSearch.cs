namespace MarginNet.Certificates;

/// <summary>
/// Looks for the largest radius that is proven, among least·(1 + p)ᵏ: in growing steps until one is proven and one is not, then by halves.
/// Only what was proven counts, whatever is between.
/// </summary>
/// <remarks>All methods and samples ask about the same radii, so that where proofs are monotone no order of them matters.</remarks>
internal struct RadiusSearch
{
    /// <summary>The least radius.</summary>
    public const double Least = 1e-6;

    private const int FirstStep = 16;
    private const int NextStep = 8; // From what another method has proven.

    private readonly double _growth;
    private readonly long _last;
    private long _proven;
    private long _failed;
    private long _step;
    private long _next;

    /// <param name="precision">p.</param>
    /// <param name="most">The largest radius.</param>
    /// <param name="proven">A radius that is proven; 0 for none.</param>
    /// <param name="failed">A larger one that was tried in vain; +∞ for none.</param>
    /// <param name="guess">Where to begin.</param>
    public RadiusSearch(double precision, double most, double proven, double failed, double guess)
    {
        _growth = 1 + precision;
        _last = Above(most);
        Most = most;
        (_proven, _failed) = (
            proven >= most ? _last : proven >= Least ? Above(Math.BitIncrement(proven)) - 1 : -1,
            failed < most ? Above(failed) : _last + 1);
        _step = proven > 0 ? NextStep : FirstStep;
        _next = _proven >= 0 ? _proven + _step : Math.Max(0, Above(guess));
        _next = Math.Clamp(_next, _proven + 1, Math.Max(_proven + 1, _failed - 1));
    }

    /// <summary>The largest radius.</summary>
    public double Most { get; }

    /// <summary>Whether there is nothing more to try.</summary>
    public readonly bool IsOver => _failed - _proven <= 1;

    /// <summary>The radius to try.</summary>
    public readonly double Next => Math.Min(Radius(_next), Most);

    /// <summary>What became of it.</summary>
    public void Tell(bool isProven)
    {
        (_proven, _failed) = isProven ? (Math.Max(_proven, _next), _failed) : (_proven, Math.Min(_failed, _next));
        var isOpen = isProven ? _failed > _last : _proven < 0;
        _next = isOpen ? _next + (isProven ? _step : -_step) : _proven + ((_failed - _proven) / 2);
        _next = Math.Clamp(_next, _proven + 1, Math.Max(_proven + 1, _failed - 1));
        _step *= 2;
    }

    private readonly double Radius(long place) => Least * Math.Pow(_growth, place);

    /// <summary>The first place with a radius of at least so much.</summary>
    private readonly long Above(double radius)
    {
        var place = (long)Math.Ceiling(Math.Log(radius / Least) / Math.Log(_growth));
        while (Radius(place - 1) >= radius)
        {
            place--;
        }

        while (Radius(place) < radius)
        {
            place++;
        }

        return place;
    }
}
