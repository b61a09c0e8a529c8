using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Bounds;
using MarginNet.Lipschitz;

namespace MarginNet.Cli.Output;

/// <summary>Bounds of Lipschitz constants as lines of text or as JSON.</summary>
internal sealed class LipschitzTable(
    LipschitzBounds upper, LipschitzLowerBounds? lower, CleverTable? clever, GeneralizationTable? generalization,
    ImmutableArray<string> classNames, double seconds)
{
    private const double Vacuous = 1000; // Logits of trained networks lead by tens: a larger margin will not be met.
    private const double UsualRadius = 36.0 / 255; // The radius that certified accuracies of CIFAR-10 are published for.

    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());

        var name = Math.Max(5, upper.Layers.Max(layer => layer.Name.Length));
        var product = new UpperBound(1);
        Line($"{"layer".PadRight(name)}  {"output",-11}  {"bound",10}  {"log10 so far",12}  from");
        foreach (var layer in upper.Layers.Where(layer => layer.Bound.Value != 1))
        {
            product *= layer.Bound;
            Line($"{layer.Name.PadRight(name)}  {layer.Output,-11}  {Text(layer.Bound.Value),10}  {product.Log10,12:f2}  {layer.Method}");
        }

        var (least, largest) = (Pairs().MinBy(pair => pair.Bound.Value), Pairs().MaxBy(pair => pair.Bound.Value));
        output.WriteLine("Layers of bound 1, such as ReLU, are left out. The product of the bounds is one proof; the smallest counts.");
        output.WriteLine();
        Line($"{"constant",-34}  {"upper bound",11}  {"log10",6}  {(lower is null ? "" : "seen at least"),-13}  from");
        Row("L_inf (l2 to l_inf)", upper.Scores, lower?.Scores, upper.ScoresMethod);
        Row("L_2", upper.Euclidean, lower?.Euclidean, upper.EuclideanMethod);
        Row($"L_ij least, {classNames[least.First]}/{classNames[least.Second]}", least.Bound, lower?.Pair(
            least.First, least.Second), "pair");
        Row(
            $"L_ij largest, {classNames[largest.First]}/{classNames[largest.Second]}", largest.Bound,
            lower?.Pair(largest.First, largest.Second), "pair");
        Line(
            $"Upper bounds are proven, in {seconds:f2} s, for {(upper.IsCentered ? "the scores less their mean, which have the same margins" : "the rectified scores")}; inputs in l2, in [0,1] pixels.");
        var needed = largest.Bound.Value * UsualRadius;
        Line(needed > Vacuous
            ? (FormattableString)$"These bounds are vacuous: a radius of 36/255 needs a margin of up to 10^{Math.Log10(needed):f1}. Nothing is wrong with them; the network was not trained to have small ones."
            : $"A margin of {Text(needed)} certifies a radius of 36/255 between any two classes.");
        clever?.Write(output);
        generalization?.Write(output);

        void Row(string constant, UpperBound bound, LowerBound? seen, string method) =>
            Line($"{constant,-34}  {Text(bound.Value),11}  {bound.Log10,6:f2}  {(seen is null ? "" : Text(seen.Value)),-13}  {method}");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("layers");
        foreach (var layer in upper.Layers)
        {
            json.WriteStartObject();
            json.WriteString("name", layer.Name);
            json.WriteString("kind", layer.Kind);
            json.WriteString("output", layer.Output.ToString());
            JsonNumbers.Write(json, "upper_bound", layer.Bound.Value);
            json.WriteString("from", layer.Method);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("centered", upper.IsCentered);
        Write(json, "l_inf", upper.Scores, lower?.Scores, upper.ScoresMethod);
        Write(json, "l_2", upper.Euclidean, lower?.Euclidean, upper.EuclideanMethod);
        json.WriteStartArray("pairs");
        foreach (var (first, second, bound) in Pairs())
        {
            json.WriteStartObject();
            json.WriteString("first", classNames[first]);
            json.WriteString("second", classNames[second]);
            JsonNumbers.Write(json, "upper_bound", bound.Value);
            if (lower is not null)
            {
                JsonNumbers.Write(json, "lower_bound", lower.Pair(first, second).Value);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        clever?.Write(json);
        generalization?.Write(json);
        json.WriteNumber("seconds", seconds);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, UpperBound bound, LowerBound? seen, string method)
    {
        json.WriteStartObject(name);
        JsonNumbers.Write(json, "upper_bound", bound.Value);
        JsonNumbers.Write(json, "log10", bound.Log10);
        json.WriteString("from", method);
        if (seen is not null)
        {
            JsonNumbers.Write(json, "lower_bound", seen.Value);
        }

        json.WriteEndObject();
    }

    private IEnumerable<(int First, int Second, UpperBound Bound)> Pairs() =>
        from first in Enumerable.Range(0, upper.ClassCount)
        from second in Enumerable.Range(first + 1, upper.ClassCount - first - 1)
        select (first, second, upper.Pair(first, second));

    private static string Text(double value) =>
        value.ToString(value is 0 or (>= 1e-3 and < 1e5) ? "g5" : "0.00e0", CultureInfo.InvariantCulture);
}
