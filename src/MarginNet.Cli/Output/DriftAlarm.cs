using System.Globalization;
using System.Text.Json;
using MarginNet.Drift;

namespace MarginNet.Cli.Output;

/// <summary>An alarm.</summary>
/// <param name="Sample">Its place in the stream, from 0.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Start">The sample at which the drift began, by estimate.</param>
/// <param name="Statistic">The logarithm to the base 10 of what passed the threshold.</param>
internal sealed record DriftAlarm(long Sample, long Line, long Start, double Statistic)
{
    public static DriftAlarm Of(DriftStep step, long line) => new(step.Index, line, step.Start, step.LogStatistic / Math.Log(10));

    /// <summary>One line for a reader.</summary>
    public string Text(DriftMonitorOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"alarm at sample {Sample} (line {Line}): {Name(options.Procedure)} 10^{Statistic:f3} passes {options.Threshold:g6}, ")
        + string.Create(CultureInfo.InvariantCulture, $"drift since about sample {Start}");

    /// <summary>The same for programs, in one line.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("sample", Sample);
        json.WriteNumber("line", Line);
        json.WriteNumber("start", Start);
        json.WriteNumber("log10_statistic", Statistic);
        json.WriteEndObject();
    }

    public static DriftAlarm Read(JsonElement json) => new(
        json.GetProperty("sample").GetInt64(), json.GetProperty("line").GetInt64(), json.GetProperty("start").GetInt64(),
        json.GetProperty("log10_statistic").GetDouble());

    /// <summary>What is compared with the threshold.</summary>
    public static string Name(AlarmProcedure procedure) => procedure switch
    {
        AlarmProcedure.Ville => "martingale",
        AlarmProcedure.Cusum => "CUSUM",
        _ => "Shiryaev-Roberts sum",
    };
}
