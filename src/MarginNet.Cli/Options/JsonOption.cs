using System.CommandLine;
using System.Text;
using System.Text.Json;
using MarginNet.Checkpoints;

namespace MarginNet.Cli.Options;

/// <summary><c>--json</c>: the result for programs, in a file beside the text or on standard output instead of it.</summary>
internal sealed class JsonOption
{
    private const string StandardOutput = "-";

    private static readonly JsonWriterOptions Layout = new() { Indented = true, NewLine = "\n" };

    private readonly Option<string?> _file = new("--json")
    {
        Description = "Also write the result to this file, as JSON; - prints it instead of the text.",
    };

    public void AddTo(Command command) => command.Add(_file);

    public bool IsGiven(ParseResult parsed) => parsed.GetValue(_file) is not null;

    /// <summary>Makes sure, before the work, that the file can be written.</summary>
    public void ThrowIfNotWritable(ParseResult parsed)
    {
        if (parsed.GetValue(_file) is { } file and not StandardOutput)
        {
            AtomicFile.ThrowIfNotWritable(file);
        }
    }

    /// <summary>Where a reader is told more than the result: standard output, unless that is JSON.</summary>
    public TextWriter Remarks(ParseResult parsed) =>
        parsed.GetValue(_file) is StandardOutput ? parsed.InvocationConfiguration.Error : parsed.InvocationConfiguration.Output;

    /// <summary>Writes the result as it was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="json">Writes one JSON value.</param>
    /// <param name="text">Writes the same for a reader.</param>
    public void Report(ParseResult parsed, Action<Utf8JsonWriter> json, Action<TextWriter> text)
    {
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(_file) is not StandardOutput)
        {
            if (parsed.GetValue(_file) is { } file)
            {
                AtomicFile.Write(file, stream => Write(stream, json));
            }

            text(output);
            return;
        }

        using var buffer = new MemoryStream();
        Write(buffer, json);
        output.Write(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        output.Write('\n');
    }

    private static void Write(Stream stream, Action<Utf8JsonWriter> json)
    {
        using var writer = new Utf8JsonWriter(stream, Layout);
        json(writer);
    }
}
