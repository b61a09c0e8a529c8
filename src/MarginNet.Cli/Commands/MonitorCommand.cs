using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Drift;
using MarginNet.PValues;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet monitor</c>: watches a stream of margins, scores or p-values for drift.</summary>
internal sealed class MonitorCommand : Command
{
    private const string StandardInput = "-";

    private readonly Argument<string> _stream = new("stream")
    {
        Description = "The stream: a file of CSV or JSON lines, or -, the default, for standard input.",
        DefaultValueFactory = _ => StandardInput,
    };
    private readonly Option<string?> _column = new("--column")
    {
        Description = "The column of CSV, or the property of JSON lines, that has the numbers; needed where there are several.",
    };
    private readonly Option<string?> _reference = new("--reference")
    {
        Description = "Numbers of ordinary samples, in the form of the stream or as .npy; without them the stream is compared with itself.",
    };
    private readonly Option<string?> _calibration = new("--calibration")
    {
        Description = "Take the margins of this null model, made by 'marginnet calibrate --out', for the reference: "
            + "those of right decisions.",
    };
    private readonly DriftOptions _drift = new();
    private readonly Option<bool> _follow = new("--follow") { Description = "Wait for more where the file ends, until interrupted." };
    private readonly Option<string?> _state = new("--state")
    {
        Description = "Keep all that is known in this file, and go on from it where it is there, as if there had been no break.",
    };
    private readonly Option<string> _format = new Option<string>("--format")
    {
        Description = "How alarms are told, a line each.",
        DefaultValueFactory = _ => "text",
    }.AcceptOnlyFromAmong("text", "jsonl");
    private readonly JsonOption _json = new();
    private readonly HtmlOption _html = new(hasImages: false);

    public MonitorCommand()
        : base("monitor", "Watch a stream of margins, scores or p-values for drift, with a stated rate of false alarms.")
    {
        Add(_stream);
        _drift.AddTo(this);
        Option[] options = [_column, _reference, _calibration, _follow, _state, _format];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        _html.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var path = parsed.GetValue(_stream)!;
        var isInput = path == StandardInput;
        if (isInput && parsed.GetValue(_follow))
        {
            throw new UserErrorException("--follow is for a file, but standard input is waited for anyway: leave it out.");
        }

        var state = parsed.GetValue(_state);
        _json.ThrowIfNotWritable(parsed);
        _html.ThrowIfNotWritable(parsed);
        if (state is not null)
        {
            AtomicFile.ThrowIfNotWritable(state);
        }

        var record = Begin(parsed, state);
        var source = isInput ? "standard input" : path;
        await using var input = isInput ? Console.OpenStandardInput() : Open(path);
        var kept = record.Offset;
        void Keep()
        {
            if (state is not null && (record.Offset > kept || !File.Exists(state)))
            {
                record.Save(state);
                kept = record.Offset;
            }
        }

        var lines = new GrowingLines(input, source, parsed.GetValue(_follow), Keep);
        lines.Resume(record.Offset, record.Line);
        try
        {
            await WatchAsync(parsed, record, lines, new(parsed.GetValue(_column), source), input.CanSeek, Keep, cancellation);
        }
        finally
        {
            Keep();
            if (_html.File(parsed) is { } page)
            {
                DriftPage.Compose(record, source, CommandText.Of(parsed)).Save(page);
            }
        }

        _json.Report(parsed, record.Write, _ => record.Write(parsed.Notes()));
    }

    /// <summary>Takes line after line, and tells alarms.</summary>
    private async Task WatchAsync(
        ParseResult parsed, DriftRecord record, GrowingLines lines, ValueColumn column, bool isWithin, Action keep,
        CancellationToken cancellation)
    {
        var (output, options) = (_json.Remarks(parsed), record.Monitor.Options);
        column.Resume(record.Header, isWithin);
        while (await lines.NextAsync(cancellation) is { } line)
        {
            var alarm = column.TryRead(line, lines.Number, options.Ranks == RankKind.None, out var value)
                ? Take(record, value, lines.Number)
                : null;
            (record.Offset, record.Line, record.Header) = (lines.Offset, lines.Number, column.Header);
            if (alarm is not null)
            {
                await output.WriteLineAsync(parsed.GetValue(_format) == "jsonl" ? Json(alarm) : alarm.Text(options));
                await output.FlushAsync(cancellation);
                keep();
            }
        }
    }

    private static DriftAlarm? Take(DriftRecord record, double value, long line)
    {
        var step = record.Monitor.Add(value);
        record.Path.Add(step.LogStatistic / Math.Log(10));
        if (!step.IsAlarm)
        {
            return null;
        }

        record.Alarms.Add(DriftAlarm.Of(step, line));
        return record.Alarms[^1];
    }

    /// <summary>Goes on from a state, or begins.</summary>
    private DriftRecord Begin(ParseResult parsed, string? state)
    {
        var options = _drift.Read(parsed);
        var reference = Reference(parsed);
        if ((reference.Length > 0, options.Ranks) is (false, RankKind.Reference) or (true, RankKind.None))
        {
            throw new UserErrorException(reference.Length == 0
                ? "--ranks reference needs --reference or --calibration: add one."
                : "--ranks none takes the numbers for p-values: leave --reference and --calibration out.");
        }

        var record = new DriftRecord(new(options, reference)) { Column = parsed.GetValue(_column) };
        if (state is null || !File.Exists(state))
        {
            return record;
        }

        var earlier = DriftRecord.Load(state);
        var difference = earlier.Monitor.Options != options ? $"options ({DriftOptions.Describe(earlier.Monitor.Options)})"
            : earlier.Monitor.ReferenceDigest != record.Monitor.ReferenceDigest ? "a reference"
            : earlier.Column != record.Column ? $"a column ({earlier.Column ?? "none"})"
            : null;
        return difference is null
            ? earlier
            : throw new UserErrorException(
                $"--state '{state}' was made with {difference} other than given now: give the same, or another file.");
    }

    private double[] Reference(ParseResult parsed)
    {
        var (path, calibration) = (parsed.GetValue(_reference), parsed.GetValue(_calibration));
        if (calibration is not null)
        {
            return path is null
                ? Margins(parsed, calibration)
                : throw new UserErrorException("--reference and --calibration are both given: leave one of them out.");
        }

        double[] numbers = path is null ? []
            : Path.GetExtension(path) == ".npy" ? ArrayFile.Read(path).Values.ToArray()
            : [.. Numbers(path, new(parsed.GetValue(_column), path))];
        return path is null || numbers.Length > 0 ? numbers : throw new UserErrorException($"--reference '{path}' has no numbers.");
    }

    private static double[] Margins(ParseResult parsed, string path)
    {
        var model = MarginNullModel.Load(path);
        if (model.MisclassifiedCount > 0)
        {
            parsed.Warn(
                $"{path} has margins of right decisions only, and left out {model.MisclassifiedCount} wrong ones: a stream that has some "
                + "is told from it without any drift. Give the margins of all decisions as --reference.");
        }

        return model.Pooled.Margins.ToArray();
    }

    private static IEnumerable<double> Numbers(string path, ValueColumn column)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            if (column.TryRead(line, ++number, isPValue: false, out var value))
            {
                yield return value;
            }
        }
    }

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    private static string Json(DriftAlarm alarm)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            alarm.Write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
