using System.Globalization;
using System.Text.Json;

namespace MarginNet.Cli.Output;

/// <summary>What a repair by bounds of activations came to, as text and as JSON.</summary>
/// <param name="File">The file of the repaired model.</param>
/// <param name="ImageCount">The clean images that it was learnt on.</param>
/// <param name="LayerCount">The layers that have bounds.</param>
/// <param name="Tightness">The bounds, as a share of the largest activations on clean images.</param>
/// <param name="Kept">The share of the images whose decisions are kept.</param>
internal sealed record RepairSummary(string File, int ImageCount, int LayerCount, double Tightness, double Kept)
{
    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        Line($"repaired            {File}");
        Line($"bounds              of {LayerCount} layers, at {Tightness:p0} of the largest activations on {ImageCount} clean images");
        Line($"decisions kept      {Kept:p1} on these");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("repair");
        json.WriteString("file", File);
        json.WriteNumber("images", ImageCount);
        json.WriteNumber("layers", LayerCount);
        json.WriteNumber("tightness", Tightness);
        json.WriteNumber("kept", Kept);
        json.WriteEndObject();
    }
}
