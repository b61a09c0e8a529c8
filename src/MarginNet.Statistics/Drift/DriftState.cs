using System.Text.Json.Serialization;

namespace MarginNet.Drift;

/// <summary>All of a <see cref="DriftMonitor"/>, to the last bit.</summary>
/// <param name="Options">How it watches.</param>
/// <param name="ReferenceDigest">What tells its reference from another.</param>
/// <param name="Count">How many numbers it has seen.</param>
/// <param name="Martingale">The numbers of its martingale.</param>
/// <param name="LogStatistic">The logarithm of what is compared with the threshold.</param>
/// <param name="Alarms">How many alarms there were.</param>
/// <param name="Lowest">ln S where it was lowest since the last alarm.</param>
/// <param name="Start">The number after that.</param>
/// <param name="Numbers">The numbers that ranks are among, in increasing order, as bytes of little-endian doubles.</param>
internal sealed record DriftState(
    DriftMonitorOptions Options, string ReferenceDigest, long Count, double[] Martingale, double LogStatistic, long Alarms, double Lowest,
    long Start, byte[] Numbers);

/// <summary>JSON without reflection.</summary>
[JsonSourceGenerationOptions(
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // −∞ of an empty sum.
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(DriftState))]
internal sealed partial class DriftJson : JsonSerializerContext;
