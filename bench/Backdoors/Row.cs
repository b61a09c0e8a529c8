using System.Globalization;

namespace MarginNet.BackdoorBench;

/// <summary>What the summary takes of a trial's printed row.</summary>
internal sealed record Row(string Loss, string Trigger, bool IsPoisoned, bool IsTarget, double PValue, double Calibrated, double Shape)
{
    /// <summary>Reads the rows that were printed, whatever else was.</summary>
    public static Row[] Read(IEnumerable<string> lines) =>
        [.. lines.Where(line => line != Trial.Header && line.Count(c => c == '\t') == Trial.Header.Count(c => c == '\t')).Select(Parse)];

    /// <summary>Reads a row.</summary>
    public static Row Parse(string line)
    {
        var fields = Trial.Header.Split('\t').Zip(line.Split('\t')).ToDictionary(pair => pair.First, pair => pair.Second);
        double Number(string name) => fields[name].Length == 0 ? double.NaN : double.Parse(fields[name], CultureInfo.InvariantCulture);
        var target = fields["target"];
        return new(
            fields["loss"], fields["trigger"], target.Length > 0, target.Length > 0 && fields["suspect"] == target, Number("p"),
            Number("calibrated"), Number("shape"));
    }
}
