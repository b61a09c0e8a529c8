namespace MarginNet.Serving;

/// <summary>More images wait than may; in a web service an answer of 503.</summary>
public sealed class GuardBusyException : Exception
{
    internal GuardBusyException(int waiting, int asked, int limit)
        : base($"{waiting} images wait, and {asked} more would be above the limit of {limit}: try again later.")
    {
    }
}
