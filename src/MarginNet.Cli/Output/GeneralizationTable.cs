using System.Globalization;
using System.Text.Json;
using MarginNet.Lipschitz;

namespace MarginNet.Cli.Output;

/// <summary>Spectral complexity and normalised margins, as lines of text or as JSON.</summary>
/// <param name="complexity">The network's complexity.</param>
/// <param name="unit">The margin that is normalised to 1.</param>
/// <param name="trainingCount">The images trained on.</param>
/// <param name="training">Their normalised margins.</param>
/// <param name="test">Those of the test images.</param>
internal sealed class GeneralizationTable(
    SpectralComplexity complexity, double unit, int trainingCount, double[] training, double[] test)
{
    private static readonly double[] Levels = [0.05, 0.25, 0.5, 0.75, 0.95];

    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());

        var shares = Shares();
        var name = Math.Max(5, complexity.Layers.Max(layer => layer.Name.Length));
        output.WriteLine();
        Line($"{"layer".PadRight(name)}  {"output",-11}  {"norm",10}  {"(2,1) norm",10}  {"log10 so far",12}  share of the sum");
        var soFar = 0.0;
        for (var i = 0; i < shares.Length; i++)
        {
            var layer = complexity.Layers[i];
            soFar += layer.Norm.Log10;
            if (layer.Norm.Value != 1 || layer.Distance.Value > 0)
            {
                Line(
                    $"{layer.Name.PadRight(name)}  {layer.Output,-11}  {Text(layer.Norm.Value),10}  {(layer.Distance.Value > 0 ? Text(layer.Distance.Value) : "fixed"),10}  {soFar,12:f2}  {(layer.Distance.Value > 0 ? shares[i].ToString("p1", CultureInfo.InvariantCulture) : "")}");
            }
        }

        Line($"spectral complexity R_A <= {Text(complexity.Value.Value)}, log10 {complexity.Log10:f2} (Bartlett, Foster and Telgarsky, 2017)");
        output.WriteLine();
        Line($"{"normalized margin",-17}  {string.Join("  ", Levels.Select(level => $"{level.ToString("p0", CultureInfo.InvariantCulture),10}"))}  above 0");
        Row("training images", training);
        Row("test images", test);
        Line(
            $"The unit is R_A |X|_2 / n = {Text(unit)}, log10 {Math.Log10(unit):f2}, of the {trainingCount} training images. At every t, the test error is at most the share of training margins below t plus about 1/t times logarithms: of networks of the same data that of larger normalized margins has the better bound. As a bound of the error itself it says nothing where they are below 1, as nearly always.");

        void Row(string title, double[] margins) => Line(
            $"{title,-17}  {string.Join("  ", Quantiles(margins).Select(value => $"{value.ToString("0.00e0", CultureInfo.InvariantCulture),10}"))}  {(double)margins.Count(margin => margin > 0) / margins.Length:p2}");
    }

    /// <summary>Writes a property of the object that is open.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("generalization");
        JsonNumbers.Write(json, "spectral_complexity", complexity.Value.Value);
        JsonNumbers.Write(json, "log10", complexity.Log10);
        JsonNumbers.Write(json, "margin_unit", unit);
        json.WriteNumber("training_count", trainingCount);
        json.WriteStartArray("layers");
        foreach (var layer in complexity.Layers)
        {
            json.WriteStartObject();
            json.WriteString("name", layer.Name);
            json.WriteString("kind", layer.Kind);
            json.WriteString("output", layer.Output.ToString());
            JsonNumbers.Write(json, "norm", layer.Norm.Value);
            JsonNumbers.Write(json, "distance", layer.Distance.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "training", training);
        Write(json, "test", test);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double[] margins)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", margins.Length);
        json.WriteNumber("above_0", margins.Count(margin => margin > 0));
        json.WriteStartArray("quantiles");
        foreach (var (level, value) in Levels.Zip(Quantiles(margins)))
        {
            json.WriteStartObject();
            json.WriteNumber("level", level);
            JsonNumbers.Write(json, "normalized_margin", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The least margin that at least a share of all are at or below.</summary>
    private static double[] Quantiles(double[] margins)
    {
        double[] sorted = [.. margins.Order()];
        return Array.ConvertAll(Levels, level => sorted[Math.Max(0, (int)Math.Ceiling(level * sorted.Length) - 1)]);
    }

    /// <summary>Each layer's share of Σ (‖Aᵀ − Mᵀ‖₂,₁ / ‖A‖₂)^(2/3).</summary>
    private double[] Shares()
    {
        double[] terms = [.. complexity.Layers.Select(layer =>
            layer.Distance.Value == 0 ? 0 : Math.Pow(layer.Distance.Value / layer.Norm.Value, 2.0 / 3))];
        var sum = terms.Sum();
        return Array.ConvertAll(terms, term => term / sum);
    }

    private static string Text(double value) =>
        value.ToString(value is 0 or (>= 1e-3 and < 1e5) ? "g5" : "0.00e0", CultureInfo.InvariantCulture);
}
