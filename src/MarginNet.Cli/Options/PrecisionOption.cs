using System.CommandLine;
using MarginNet.ModelFiles;
using static TorchSharp.torch;

namespace MarginNet.Cli.Options;

/// <summary>In what a network is computed: <c>--precision</c>.</summary>
internal sealed class PrecisionOption
{
    private readonly Option<string?> _precision;

    /// <param name="what">What is computed, and in what by default.</param>
    public PrecisionOption(string what)
    {
        _precision = new("--precision") { Description = $"{what} auto is the fastest of them here." };
        _precision.AcceptOnlyFromAmong([.. Enum.GetValues<Precision>().Select(NameOf)]);
    }

    public static implicit operator Option(PrecisionOption option) => option._precision;

    /// <summary>As the command line writes it.</summary>
#pragma warning disable CA1308 // Normalize strings to uppercase: command-line values are lower case.
    public static string NameOf(Precision precision) => precision.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>What steps are computed in, on a device.</summary>
    public Precision ForTraining(ParseResult parsed, Device device) =>
        OrUserError(() => (Given(parsed) ?? Precision.Float32).Resolve(device));

    /// <summary>Has a model compute its scores in what was given, or else in what it was calibrated in.</summary>
    public void ApplyTo(ParseResult parsed, MarginModel model) =>
        _ = OrUserError(() => model.Network.Precision = Given(parsed) ?? model.NullModel?.Precision ?? Precision.Float32);

    /// <summary>Requires float32, for what is proven.</summary>
    public void ThrowIfReduced(ParseResult parsed)
    {
        if (Given(parsed) is not (null or Precision.Float32))
        {
            throw new UserErrorException($"{_precision.Name} is '{parsed.GetValue(_precision)}', "
                + "but constants and certificates are proven for float32 alone: leave it out.");
        }
    }

    /// <summary>Sets what <c>auto</c> became.</summary>
    public void Resolve(ParseResult parsed, Precision precision, Action<string, object> set)
    {
        if (Given(parsed) is not null)
        {
            set(_precision.Name, NameOf(precision));
        }
    }

    private static Precision OrUserError(Func<Precision> choose)
    {
        try
        {
            return choose();
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    private Precision? Given(ParseResult parsed) =>
        parsed.GetValue(_precision) is { } name ? Enum.Parse<Precision>(name, ignoreCase: true) : null;
}
