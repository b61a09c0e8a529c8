using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using MarginNet.Checkpoints;

namespace MarginNet.Drift;

/// <summary>
/// Watches a stream of numbers (margins, scores or p-values) for drift: turns each into a p-value, bets on it by a test martingale, and
/// raises an
/// alarm where that passes a threshold.
/// </summary>
public sealed class DriftMonitor
{
    private readonly TestMartingale _martingale;
    private readonly SmoothedRank _ranks;
    private readonly double _logThreshold;
    private double _logStatistic;
    private double _lowest;
    private long _start;

    /// <summary>Begins to watch.</summary>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="reference">Numbers of ordinary samples, such as margins of held-out ones, shape [N], none of them NaN; none, the
    /// default, to
    /// compare the stream with itself.</param>
    /// <exception cref="ArgumentException">An option is out of range, a number is NaN, or ranks among a reference are asked for without
    /// one, or the other way
    /// round.</exception>
    public DriftMonitor(DriftMonitorOptions? options = null, ReadOnlySpan<double> reference = default)
        : this(options ?? new(), Sort(reference), digest: null)
    {
        ReferenceDigest = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<double>(_ranks.Numbers)));
        if ((reference.IsEmpty, Options.Ranks) is (true, RankKind.Reference) or (false, RankKind.None))
        {
            throw new ArgumentException(
                $"Expected a reference where ranks are among one, and none for p-values, but got {reference.Length} numbers for "
                + $"{Options.Ranks}.", nameof(reference));
        }
    }

    private DriftMonitor(DriftMonitorOptions options, double[] sorted, string? digest)
    {
        if (!(options.Threshold is > 1 and < double.PositiveInfinity))
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.Threshold, "Expected a finite threshold above 1.");
        }

        (Options, ReferenceDigest) = (options, digest ?? "");
        (_martingale, _ranks, _logThreshold) = (options.CreateMartingale(), new(options, sorted), Math.Log(options.Threshold));
        _logStatistic = Begun;
    }

    /// <summary>How it watches.</summary>
    public DriftMonitorOptions Options { get; }

    /// <summary>What tells the reference from another: a hash of its numbers.</summary>
    public string ReferenceDigest { get; }

    /// <summary>How many numbers it has seen.</summary>
    public long Count { get; private set; }

    /// <summary>How many alarms it has raised.</summary>
    public long Alarms { get; private set; }

    /// <summary>ln S, the evidence of drift so far.</summary>
    public double LogMartingale => _martingale.LogValue;

    /// <summary>The logarithm of the statistic before the first sample: S is 1, an empty maximum or sum 0.</summary>
    private double Begun => Options.Procedure == AlarmProcedure.Ville ? 0 : double.NegativeInfinity;

    /// <summary>Takes the next number of the stream.</summary>
    /// <param name="number">The number: a p-value in [0, 1] for <see cref="RankKind.None"/>, else anything but NaN.</param>
    /// <returns>Its p-value, what it adds to the evidence, and whether there is an alarm.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="number"/> is NaN or no p-value.</exception>
    public DriftStep Add(double number)
    {
        if (Options.Ranks == RankKind.None ? number is not (>= 0 and <= 1) : double.IsNaN(number))
        {
            throw new ArgumentOutOfRangeException(
                nameof(number), number, Options.Ranks == RankKind.None ? "Expected a p-value in [0, 1]." : "Expected a number.");
        }

        var p = OfTail(_ranks.PValue(number, Count));
        var gain = _martingale.Add(p);
        _logStatistic = Options.Procedure switch
        {
            AlarmProcedure.Ville => _martingale.LogValue,
            AlarmProcedure.Cusum => gain + Math.Max(_logStatistic, 0),
            _ => gain + Math.Max(_logStatistic, 0) + double.LogP1(Math.Exp(-Math.Abs(_logStatistic))), // ln(1 + σ)
        };
        var isAlarm = _logStatistic >= _logThreshold && (Options.Procedure != AlarmProcedure.Ville || Alarms == 0);
        var step = new DriftStep(Count++, p, _martingale.LogValue, _logStatistic, isAlarm, _start);
        if (isAlarm && Options.Procedure != AlarmProcedure.Ville)
        {
            (_logStatistic, _lowest, _start) = (Begun, double.PositiveInfinity, Count);
        }

        if (_martingale.LogValue <= _lowest)
        {
            (_lowest, _start) = (_martingale.LogValue, Count);
        }

        Alarms += isAlarm ? 1 : 0;
        return step;
    }

    /// <summary>Writes all of it as JSON.</summary>
    /// <param name="json">Receives one object.</param>
    public void Write(Utf8JsonWriter json) => JsonSerializer.Serialize(
        json,
        new DriftState(
            Options, ReferenceDigest, Count, _martingale.ToNumbers(), _logStatistic, Alarms, _lowest, _start,
            MemoryMarshal.AsBytes<double>(_ranks.Numbers).ToArray()),
        DriftJson.Default.DriftState);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="json">The object.</param>
    /// <returns>A monitor that goes on as the one written would have, to the last bit.</returns>
    /// <exception cref="InvalidDataException">It is no such object; the message says why.</exception>
    public static DriftMonitor Read(JsonElement json)
    {
        try
        {
            var state = json.Deserialize(DriftJson.Default.DriftState) ?? throw new JsonException("It is null.");
            var monitor = new DriftMonitor(state.Options, Sort(MemoryMarshal.Cast<byte, double>(state.Numbers)), state.ReferenceDigest)
            {
                Count = state.Count,
                Alarms = state.Alarms,
                _logStatistic = state.LogStatistic,
                _lowest = state.Lowest,
                _start = state.Start,
            };
            if (state.Martingale.Length != monitor._martingale.ToNumbers().Length || Array.Exists(state.Martingale, double.IsNaN))
            {
                throw new JsonException("Its martingale is of another kind.");
            }

            monitor._martingale.Restore(state.Martingale);
            return monitor;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"It is no state of a drift monitor: {FileText.Show(e.Message)}", e);
        }
    }

    /// <summary>Writes all of it to a file, whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.json</c>.</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream);
        Write(json);
    });

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <returns>A monitor that goes on as the one saved would have, to the last bit.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no JSON or no such state.</exception>
    public static DriftMonitor Load(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{path} is no state of a drift monitor: {FileText.Show(e.Message)}", e);
        }
    }

    private double OfTail(double p) => Options.Tail switch
    {
        DriftTail.Lower => p,
        DriftTail.Upper => 1 - p,
        _ => 2 * Math.Min(p, 1 - p),
    };

    private static double[] Sort(ReadOnlySpan<double> numbers)
    {
        var sorted = numbers.ToArray();
        Array.Sort(sorted);
        return sorted.Length == 0 || !double.IsNaN(sorted[0])
            ? sorted
            : throw new ArgumentException("Expected numbers, but one of them is NaN.", nameof(numbers));
    }
}
