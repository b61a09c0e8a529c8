using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MarginNet.Cli.Input;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>Rows of p-values as lines of CSV or as JSON; the p-value that flags has a column of its own,
/// and so has the adjusted one where it is asked for.</summary>
internal sealed class PValueFormat(ImmutableArray<string> classNames, PValueTail tail, bool withAdjusted, bool withFile = false,
    bool withRadius = false, bool withSet = false, ConfidenceScore? confidence = null)
{
    private readonly string? _confidence = confidence is { } score ? ConfidenceRank.NameOf(score).Replace('-', '_') : null;

    // Beside the lower tail and the formula, which are always there.
    private readonly string? _ownColumn = confidence is not null ? null : tail switch
    {
        PValueTail.TwoSided => "p_two_sided",
        PValueTail.Empirical => "p_empirical",
        PValueTail.Extrapolated => "p_extrapolated",
        PValueTail.Mixture => "p_mixture",
        _ => null,
    };

    private readonly ImmutableArray<string> _quoted = [.. classNames.Select(Csv.Quote)];

    public string Header => $"index,true,predicted,margin,{(withRadius ? "radius,log_radius" : "log_margin")},p_formula,p_lower{(_ownColumn is null ? "" : $",{_ownColumn}")}{(_confidence is null ? "" : $",{_confidence},p_{_confidence}")}"
        + $"{(withAdjusted ? ",p_adjusted" : "")},flagged{(withSet ? ",set" : "")}{(withFile ? ",file" : "")}";

    /// <summary>Adds one line.</summary>
    public void Append(StringBuilder text, int index, PValueRow row, string? file = null)
    {
        var p = row.PValue;
        var (truth, predicted) = (row.TrueClass < 0 ? "" : _quoted[row.TrueClass], _quoted[row.PredictedClass]);
        text.Append(
            CultureInfo.InvariantCulture,
            $"{index},{truth},{predicted},{row.Margin:g9},{(withRadius ? string.Create(CultureInfo.InvariantCulture, $"{row.Radius:g9},") : "")}{p.LogMargin:g9},{p.Formula:g9},{p.Lower:g9}");
        if (_ownColumn is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $",{p.Of(tail):g9}");
        }

        if (row.Confidence is var (value, own))
        {
            text.Append(CultureInfo.InvariantCulture, $",{value:g9},{own:g9}");
        }

        if (withAdjusted)
        {
            text.Append(CultureInfo.InvariantCulture, $",{row.Adjusted:g9}");
        }

        text.Append(row.Flagged ? ",true" : ",false");
        if (withSet)
        {
            text.Append(',').Append(Csv.Quote(string.Join('|', row.Set!.Select(y => classNames[y]))));
        }

        if (withFile)
        {
            text.Append(',').Append(Csv.Quote(file!));
        }

        text.Append('\n');
    }

    /// <summary>Writes one JSON object.</summary>
    public void Write(Utf8JsonWriter json, int index, PValueRow row, string? file = null)
    {
        var p = row.PValue;
        json.WriteStartObject();
        json.WriteNumber("index", index);
        if (withFile)
        {
            json.WriteString("file", file);
        }

        json.WriteString("true", row.TrueClass < 0 ? null : classNames[row.TrueClass]);
        json.WriteString("predicted", classNames[row.PredictedClass]);
        json.WriteNumber("margin", row.Margin);
        if (row.Radius is { } radius)
        {
            json.WriteNumber("radius", radius);
        }

        JsonNumbers.Write(json, withRadius ? "log_radius" : "log_margin", p.LogMargin);
        json.WriteNumber("p_formula", p.Formula);
        json.WriteNumber("p_lower", p.Lower);
        if (_ownColumn is not null)
        {
            json.WriteNumber(_ownColumn, p.Of(tail));
        }

        if (row.Confidence is var (value, own))
        {
            json.WriteNumber(_confidence!, value);
            json.WriteNumber($"p_{_confidence}", own);
        }

        if (withAdjusted)
        {
            json.WriteNumber("p_adjusted", row.Adjusted);
        }

        json.WriteBoolean("flagged", row.Flagged);
        if (withSet)
        {
            json.WriteStartArray("set");
            Array.ForEach(row.Set!, y => json.WriteStringValue(classNames[y]));
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
