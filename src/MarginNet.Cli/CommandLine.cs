using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.CompilerServices;
using MarginNet.Cli.Commands;
using MarginNet.Cli.Configuration;
using MarginNet.Cli.Help;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Cli.Sharding;
using MarginNet.Distributed;
using MarginNet.Training;

namespace MarginNet.Cli;

/// <summary>The tool from its arguments to its exit code: 0 for success, 1 a defect, 2 a mistake of the user, 130 interrupted.</summary>
internal static class CommandLine
{
    private const int Defect = 1;
    private const int UserMistake = 2;

    private static readonly ParserConfiguration Parser = new() { ResponseFileTokenReplacer = null };

    /// <param name="args">The arguments.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="interruption">The signals that stop the command; null for none.</param>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, Interruption? interruption = null)
    {
        var isVerbose = args.Contains("--verbose");
        void Warn(object? sender, KernelWarningEventArgs warning) => error.WriteLine($"marginnet: warning: {OneLine(warning.Message)}");

        NativeKernels.Warned += Warn;
        try
        {
            var parsed = Parse(args);
            if (parsed.Errors.Count > 0 && parsed.Action is null or ParseErrorAction)
            {
                await error.WriteLineAsync($"marginnet: {OneLine(Describe(parsed))} See '{Name(parsed.CommandResult.Command)} --help'.");
                return UserMistake;
            }

            var isFollower = parsed.CommandResult.Command is TrainCommand && MpiGroup.LaunchedRank > 0; // Rank 0 speaks for all.
            var configuration = new ToolInvocation(interruption)
            {
                Output = isFollower ? TextWriter.Null : output,
                Error = isFollower ? TextWriter.Null : error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // The parser's own handling of signals aborts at the second one.
                Rows = parsed.Errors.Count == 0 ? ShardOptions.ToRows(parsed) : Rows.Whole,
            };
            return await InvokeAsync(parsed, configuration, interruption?.Token ?? CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("marginnet: interrupted.");
            return Interruption.ExitCode;
        }
        catch (Exception e) when (e is UserErrorException or DivergenceException or InvalidDataException or IOException
            or UnauthorizedAccessException or PlatformNotSupportedException or DllNotFoundException)
        {
            await error.WriteLineAsync($"marginnet: {OneLine(e.Message)}");
            await (isVerbose ? error.WriteLineAsync(e.ToString()) : Task.CompletedTask);
            return UserMistake;
        }
#pragma warning disable CA1031 // Do not catch general exception types: this is the outermost frame, and the trace is shown whole.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await error.WriteLineAsync(
                $"marginnet: a defect of MarginNet; please report it with this trace and what 'marginnet doctor' says.\n{e}");
            return Defect;
        }
        finally
        {
            NativeKernels.Warned -= Warn;
        }
    }

    /// <summary>Leaves the other ranks of a training over MPI; see <see cref="MpiGroup.Leave"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)] // So that the program begins, and can answer, before the library finds its LibTorch.
    public static void LeaveRanks(int exitCode) => MpiGroup.Leave(exitCode);

    /// <summary>A message that may quote anything, without line ends and terminal escapes.</summary>
    private static string OneLine(string message) =>
        string.Concat(message.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? '?' : c));

    /// <summary>Runs a command, and keeps its configuration beside what it wrote.</summary>
    public static async Task<int> InvokeAsync(
        ParseResult parsed, InvocationConfiguration configuration, CancellationToken cancellation = default)
    {
        using var log = parsed.Errors.Count == 0
            && parsed.IsVerbose() ? new VerboseLog(configuration.Error, RunConfiguration.Of(parsed)) : null;
        if (parsed.Errors.Count == 0)
        {
            parsed.LoadTorch();
        }

        var exitCode = await parsed.InvokeAsync(configuration, cancellation);
        // Training saves what its presets decided, and a merge runs the command that does.
        if (exitCode == 0 && parsed.Action == parsed.CommandResult.Command.Action
            && parsed.CommandResult.Command is not (TrainCommand or MergeCommand))
        {
            if (parsed.Rows() is ShardRows shard)
            {
                ShardOptions.Save(parsed, shard);
            }
            else
            {
                RunConfiguration.SaveBesideOutput(parsed);
            }
        }

        return exitCode;
    }

    /// <summary>Parses arguments and those of the configuration file they name.</summary>
    /// <exception cref="UserErrorException">One is empty, or holds a null character as a JSON file can:
    /// neither is a path or any other value.</exception>
    public static ParseResult Parse(string[] args)
    {
        var root = CreateRoot(out var configuration);
        var parsed = root.Parse(args, Parser);
        if (parsed.GetResult(configuration)?.Tokens is [var file])
        {
            parsed = root.Parse([.. args, .. ConfigurationFile.Read(parsed, file.Value)], Parser);
        }

        string[] tokens = [.. parsed.Tokens.Select(token => token.Value)];
        var at = Array.FindIndex(tokens, token => token.Length == 0 || token.Contains('\0', StringComparison.Ordinal));
        return at < 0 ? parsed : throw new UserErrorException($"{(at == 0 ? "The command line" : tokens[at - 1])} has a value that is "
            + "empty or holds a null character: give another, or leave it out.");
    }

    /// <summary>The first error in one line, one that quotes what was not understood before any other,
    /// and what was probably meant.</summary>
    private static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        string[] known =
        [
            .. ConfigurationFile.OptionsOf(command).Select(option => option.Name),
            .. command.Subcommands.Select(each => each.Name),
        ];
        var quoted = parsed.UnmatchedTokens.Select(token =>
            (Token: token, Error: parsed.Errors.FirstOrDefault(error => error.Message.Contains($"'{token}'", StringComparison.Ordinal))))
            .FirstOrDefault(pair => pair.Error is not null);
        var error = quoted.Error ?? parsed.Errors[0];
        if (quoted.Token is null)
        {
            return parsed.Errors.Select(WrongValue.Describe).FirstOrDefault(wrong => wrong is not null) ?? Joined(error.Message);
        }

        var suggestion = Suggestion.For(quoted.Token.Split('=')[0], known);
        return suggestion.Length > 0 || Before(parsed, quoted.Token) is not { } option
            ? Joined(error.Message) + suggestion
            : $"{Joined(error.Message).TrimEnd('.')} after {option}.";
    }

    private static string Joined(string message) => string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>The option whose value a token was probably meant to be: the last one before it.</summary>
    private static string? Before(ParseResult parsed, string token) =>
        parsed.Tokens.TakeWhile(each => each.Value != token).LastOrDefault(each => each.Type == TokenType.Option)?.Value;

    private static string Name(Command command) => command is RootCommand ? "marginnet" : $"marginnet {command.Name}";

    public static RootCommand CreateRoot() => CreateRoot(out _);

    private static RootCommand CreateRoot(out Option<string?> configuration)
    {
        RootCommand root = new("Margin training and margin p-values for deep neural network classifiers.")
        {
            new TrainCommand(),
            new AuditCommand(),
            new ImportCommand(),
            new CalibrateCommand(),
            new EvaluateCommand(),
            new AttackCommand(),
            new BackdoorCommand(),
            new PValueCommand(),
            new DetectCommand(),
            new MergeCommand(),
            new MonitorCommand(),
            new LipschitzCommand(),
            new CertifyCommand(),
            new VerifyCommand(),
            new ExportCommand(),
            new ReproduceCommand(),
            new DemoCommand(),
            new DoctorCommand(),
            new TrialCommand(),
            new CompletionCommand(),
        };
        configuration = CommonOptions.AddTo(root);
        HelpPage.AddTo(root);
        return root;
    }
}
