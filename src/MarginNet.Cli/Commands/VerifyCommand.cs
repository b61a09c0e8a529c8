using System.CommandLine;
using System.Diagnostics;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Foreign;
using MarginNet.Verification;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet verify</c>: decides properties of networks, one or a set.</summary>
/// <remarks>The exit code is 0 for any answer, 2 for an input that cannot be read, 1 for a defect.</remarks>
internal sealed class VerifyCommand : Command
{
    private const int Defect = 1;
    private const int UserMistake = 2;
    private const double MostSeconds = 1e6;

    private readonly Argument<string?> _network = new("network")
    {
        Description = "The network, an ONNX file; .gz is read too.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Argument<string?> _property = new("property")
    {
        Description = "The property, a VNN-LIB file: bounds of all inputs X_i, and what the outputs Y_j must not be; .gz is read too.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _instances = new("--instances")
    {
        Description = "Decide a set: a CSV file of network, property and seconds, whose paths are from its own folder.",
    };
    private readonly Option<double?> _timeout = Number.Optional<double>(
        "--timeout", "Seconds for each property; by default those of the --instances file, or else 60.",
        value => value is > 0 and <= MostSeconds, "a number of seconds above 0");
    private readonly Option<string?> _output = new("--output", "-o")
    {
        Description = "Also write the answer and the counterexample to this file.",
    };
    private readonly Option<string?> _results = new("--results")
    {
        Description = "With --instances: write one row for each to this CSV file, as soon as it ends.",
    };
    private readonly Option<int?> _threads = Number.Optional<int>(
        "--threads", "Threads on the CPU; by default one for each core.", value => value is >= 1 and <= 1024, "a whole number, 1 to 1024");
    private readonly Option<int> _seed = Number.CountOrNone("--seed", "Seed of the attack's random starts.", new VerifierOptions().Seed);
    private readonly JsonOption _json = new();

    public VerifyCommand()
        : base("verify", "Decide properties of ONNX networks: unsat where they are proven, sat with a counterexample.")
    {
        Add(_network);
        Add(_property);
        Option[] options = [_instances, _timeout, _output, _results, _threads, _seed];
        Array.ForEach(options, Add);
        _json.AddTo(this);
        SetAction((parsed, cancellation) => Task.FromResult(Run(parsed, cancellation)));
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        _json.ThrowIfNotWritable(parsed);
        TorchNative.Load();
        if (parsed.GetValue(_threads) is { } threads)
        {
            set_num_threads(threads);
        }

        return parsed.GetValue(_instances) is { } set ? DecideSet(parsed, set, cancellation) : DecideOne(parsed, cancellation);
    }

    private int DecideOne(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_network) is not { } network || parsed.GetValue(_property) is not { } property)
        {
            throw new UserErrorException("verify takes a network and a property, such as net.onnx property.vnnlib; or --instances.");
        }

        if (parsed.GetValue(_results) is not null)
        {
            throw new UserErrorException("--results lists a set: give --instances, or for one property --output.");
        }

        if (parsed.GetValue(_output) is { } output)
        {
            AtomicFile.ThrowIfNotWritable(output);
        }

        using var networks = new NetworkCache();
        var instance = new VerificationInstance(network, property, null, network, property);
        var result = Decide(parsed, instance, networks, cancellation);
        if (result.Error is { } mistake)
        {
            throw new UserErrorException(mistake);
        }

        if (parsed.GetValue(_output) is { } file)
        {
            AtomicFile.Write(file, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
                writer.WriteLine(result.Verdict.Text);
            });
        }

        _json.Report(parsed, result.Write, text => text.WriteLine(result.Verdict.Text));
        if (!result.IsDefect)
        {
            parsed.Note(result.Verdict.Reason);
        }

        return result.IsDefect ? Defect : 0;
    }

    private int DecideSet(ParseResult parsed, string set, CancellationToken cancellation)
    {
        if (parsed.GetValue(_network) is { } network)
        {
            throw new UserErrorException($"--instances names the networks: leave '{network}' out.");
        }

        if (parsed.GetValue(_output) is not null)
        {
            throw new UserErrorException("--output is for one property: with --instances give --results.");
        }

        var instances = VerificationInstance.ReadAll(set);
        using var networks = new NetworkCache();
        using var rows = parsed.GetValue(_results) is { } file ? new VerificationRows(file) : null;
        var text = _json.Remarks(parsed);
        var results = new List<VerificationResult>();
        foreach (var instance in new CountDisplay(parsed.Notes(), "decided", "properties", instances.Length).Watch(instances))
        {
            var result = Decide(parsed, instance, networks, cancellation);
            results.Add(result);
            rows?.Add(result);
            text.WriteLine(result.Line);
            if (result.Error is { } mistake)
            {
                parsed.InvocationConfiguration.Error.WriteLine($"marginnet: {mistake}");
            }
        }

        var summary = new VerificationSummary(results);
        _json.Report(parsed, summary.Write, summary.Write);
        return results.Exists(result => result.IsDefect) ? Defect
            : results.Exists(result => result.Error is not null) ? UserMistake : 0;
    }

    /// <summary>Decides one, and makes no answer of an exception.</summary>
    private VerificationResult Decide(
        ParseResult parsed, VerificationInstance instance, NetworkCache networks, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        VerificationResult Unknown(string reason) => new(instance, new(Answer.Unknown, null, null, reason, clock.Elapsed.TotalSeconds));
        try
        {
            var limit = parsed.GetValue(_timeout) ?? instance.Seconds ?? new VerifierOptions().TimeLimit.TotalSeconds;
            var property = VnnLib.Read(instance.PropertyPath);
            var network = networks.Load(instance.NetworkPath);
            var options = new VerifierOptions
            {
                TimeLimit = TimeSpan.FromSeconds(limit) - clock.Elapsed,
                Seed = parsed.GetValue(_seed),
            };
            var verdict = network.Verify(property, options, cancellation);
            return new(instance, verdict with { Seconds = clock.Elapsed.TotalSeconds });
        }
        catch (OperationCanceledException)
        {
            throw;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Unknown(e.Message) with { Error = e.Message };
        }
#pragma warning disable CA1031 // Do not catch general exception types: it is told, and the next of a set is decided all the same.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var reason = $"{e.GetType().Name}: {e.Message.Split('\n')[0]}";
            parsed.InvocationConfiguration.Error.WriteLine(
                $"marginnet: a defect of MarginNet at {instance.Name}; please report it with these files. {reason}");
            if (parsed.IsVerbose())
            {
                parsed.InvocationConfiguration.Error.WriteLine(e);
            }

            return Unknown(reason) with { IsDefect = true };
        }
    }

    /// <summary>The network that was read last, which the next property is often of.</summary>
    private sealed class NetworkCache : IDisposable
    {
        private (string Path, VerificationNetwork Network)? _last;

        public VerificationNetwork Load(string path)
        {
            if (_last?.Path != path)
            {
                Dispose();
                _last = (path, VerificationNetwork.Load(path));
            }

            return _last.Value.Network;
        }

        public void Dispose()
        {
            _last?.Network.Dispose();
            _last = null;
        }
    }
}
