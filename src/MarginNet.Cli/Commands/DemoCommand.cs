using System.CommandLine;
using MarginNet.Cli.Options;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet demo</c>: trains on drawn shapes and prints the p-values of the test samples, with nothing to prepare.</summary>
internal sealed class DemoCommand : Command
{
    private const int RowsShown = 8;

    private readonly Option<string> _folder = new("--out-dir")
    {
        Description = "Where the model and the table go.",
        DefaultValueFactory = _ => ".",
    };

    public DemoCommand()
        : base("demo", "Train with a margin on drawn shapes and print the p-values of the test samples; no data needed, about a minute.")
    {
        Add(_folder);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var folder = parsed.GetValue(_folder)!;
        var (model, table) = (Path.Combine(folder, "demo.pt"), Path.Combine(folder, "demo.csv"));
        string[][] steps =
        [
            [
                "train", "--data", DataOptions.Synthetic, "--loss", "shifted-softmax", "--mu", "5", "--width", "16", "--epochs", "4",
                "--lr", "3e-3",
                "--schedule", "onecycle", "--calibration-split", "0.1", "--out", model,
            ],
            ["pvalue", "--model", model, "--output", table],
        ];
        var output = parsed.InvocationConfiguration.Output;
        foreach (var step in steps)
        {
            await output.WriteLineAsync($"$ marginnet {string.Join(' ', step)}");
            await CommandLine.InvokeAsync(CommandLine.Parse(step), parsed.InvocationConfiguration, cancellation);
            await output.WriteLineAsync();
        }

        await output.WriteLineAsync($"The first rows of {table}:");
        await foreach (var line in File.ReadLinesAsync(table, cancellation).Take(RowsShown + 1))
        {
            await output.WriteLineAsync(line);
        }

        return 0;
    }
}
