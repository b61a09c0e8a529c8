using System.CommandLine;
using MarginNet.Cli.Commands;
using MarginNet.Training;

namespace MarginNet.Cli;

/// <summary>The tool from its arguments to its exit code: 0 for success, 1 a defect, 2 a mistake of the user, 130 interrupted.</summary>
internal static class CommandLine
{
    private const int Defect = 1;
    private const int UserMistake = 2;
    private const int Interrupted = 130;

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = CreateRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            await error.WriteLineAsync($"marginnet: {Describe(parsed)} See 'marginnet --help'.");
            return UserMistake;
        }

        try
        {
            // Time for a step of training to end and the model to be written after Ctrl-C.
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromMinutes(5),
            };
            return await parsed.InvokeAsync(configuration);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("marginnet: interrupted.");
            return Interrupted;
        }
        catch (Exception e) when (e is UserErrorException or DivergenceException or InvalidDataException or IOException or UnauthorizedAccessException)
        {
            await error.WriteLineAsync($"marginnet: {e.Message.ReplaceLineEndings(" ")}");
            return UserMistake;
        }
#pragma warning disable CA1031 // Do not catch general exception types: this is the outermost frame, and the trace is shown whole.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await error.WriteLineAsync($"marginnet: a defect of MarginNet; please report it with this trace.\n{e}");
            return Defect;
        }
    }

    /// <summary>The first error in one line, one that quotes what was not understood before any other.</summary>
    private static string Describe(ParseResult parsed)
    {
        var first = parsed.Errors.FirstOrDefault(error => parsed.UnmatchedTokens.Any(token => error.Message.Contains($"'{token}'", StringComparison.Ordinal)));
        var message = (first ?? parsed.Errors[0]).Message;
        return string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    public static RootCommand CreateRoot() =>
        new("Margin training and margin p-values for deep neural network classifiers.")
        {
            new TrainCommand(),
            new ImportCommand(),
            new CalibrateCommand(),
            new EvaluateCommand(),
            new AttackCommand(),
            new PValueCommand(),
            new DetectCommand(),
            new LipschitzCommand(),
            new CertifyCommand(),
            new ExportCommand(),
            new ReproduceCommand(),
            new DemoCommand(),
            new TrialCommand(),
        };
}
