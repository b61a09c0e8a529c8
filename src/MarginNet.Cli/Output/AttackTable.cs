using System.Globalization;
using System.Text.Json;
using MarginNet.Detection;

namespace MarginNet.Cli.Output;

/// <summary>What an attack came to, as text and as JSON.</summary>
/// <param name="settings">The attack, in the words of the options.</param>
/// <param name="images">What was attacked, such as: 10000 test images of cifar10.</param>
/// <param name="stuck">The images at which the gradient is exactly zero, of all.</param>
internal sealed class AttackTable(Dictionary<string, object?> settings, string images, Proportion stuck)
{
    private readonly List<(string Model, Proportion Clean, Proportion Attacked)> _rows = [];

    /// <summary>The models so far.</summary>
    public IReadOnlyList<(string Model, Proportion Clean, Proportion Attacked)> Rows => _rows;

    /// <summary>Adds a model; the first is the surrogate.</summary>
    public void Add(string model, Proportion clean, Proportion attacked) => _rows.Add((model, clean, attacked));

    public void Write(TextWriter output)
    {
        var width = Math.Max("accuracy".Length, _rows.Max(row => row.Model.Length));
        Line(
            output,
            $"attack      {string.Join(", ", settings.Select(setting => string.Create(CultureInfo.InvariantCulture, $"{setting.Key} {setting.Value:g5}")))}");
        Line(output, $"gradients   {_rows[0].Model}; exactly zero at {stuck.Count} of {stuck.Total} images");
        Line(output, $"images      {images}, those misclassified before included");
        output.WriteLine();
        Line(output, $"{"accuracy".PadRight(width)}  {"clean",-26}  attacked, exact 95 % intervals");
        foreach (var (model, clean, attacked) in _rows)
        {
            Line(output, $"{model.PadRight(width)}  {ShareText.Cell(clean),-26}  {ShareText.Cell(attacked)}");
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WritePropertyName("attack");
        JsonSerializer.Serialize(json, settings);
        json.WriteString("images", images);
        json.WriteNumber("count", stuck.Total);
        json.WriteNumber("zero_gradients", stuck.Count);
        json.WriteString("surrogate", _rows[0].Model);
        json.WriteStartArray("models");
        foreach (var (model, clean, attacked) in _rows)
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            JsonNumbers.Write(json, "clean_accuracy", clean.Rate, clean.ExactInterval());
            JsonNumbers.Write(json, "attacked_accuracy", attacked.Rate, attacked.ExactInterval());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Line(TextWriter output, FormattableString text) =>
        output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
}
