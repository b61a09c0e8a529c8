using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using MarginNet.Cli.Input;
using MarginNet.Data;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using static TorchSharp.torch;

namespace MarginNet.Cli.Options;

/// <summary>
/// What a model file of another program does not say: how its images are made, its classes, which of its weights or outputs; and whether
/// and how long its program may run.
/// </summary>
internal sealed class ForeignOptions
{
    private const int MaxSize = 4096;
    private const double DefaultSeconds = 600;
    private const double MostSeconds = 1e6; // Timers take no more than 49 days.
    private const int UserMistake = 2;

    private readonly Option<ChannelStatistics?> _normalize = new("--normalize")
    {
        Description = "For a model of another program: the mean and deviation of each channel of [0,1] pixels that its training used, "
            + "such as 0.4914,0.4822,0.4465/0.2470,0.2435,0.2616. By default its input is [0,1] pixels.",
        CustomParser = ParseStatistics,
    };

    private readonly Option<(int Height, int Width)?> _inputSize = new("--input-size")
    {
        Description = "For a model of another program: the size of its images, such as 32, or 32x64 for height and width. "
            + "By default what the file says, 32 or 224 for a ResNet-18.",
        CustomParser = ParseSize,
    };

    private readonly Option<string?> _classes = new("--classes")
    {
        Description = "For a model of another program, or for --logits with --labels that are names: a text file with the name of each "
            + "class on a line of its own, in the order of its scores. By default the classes are those of the data, in its order.",
    };

    private readonly Option<string?> _weights = new("--weights")
    {
        Description = "For a PyTorch checkpoint of several networks: which to read, by its key or the beginning of its names, such as " +
            "state_dict_ema. By default the one under the usual names.",
    };

    private readonly Option<string?> _output = new("--model-output")
    {
        Description = "For TorchScript or ONNX with several outputs: which has the scores, by its name, its key in a dictionary or its " +
            "number in a tuple, from 0.",
    };

    private readonly Option<bool> _trust = new("--trust-torchscript")
    {
        Description = "Run the TorchScript program that the model file is or holds. It is a program: as soon as it is loaded it may " +
            "read and write your files. Give this only where you trust who made it; 'marginnet import' keeps it for that very program.",
    };

    private readonly Option<double> _timeLimit = Number.Positive("--time-limit", "Seconds after which a TorchScript or ONNX program is " +
        "given up that does not end on a batch of images, or while it is loaded.", DefaultSeconds);

    private readonly bool _hasTimeLimit;

    /// <param name="isImport">Whether --output says which output of the model has the scores, and not where results go.</param>
    /// <param name="hasTimeLimit">Whether --time-limit is for programs, and not for what the command does.</param>
    public ForeignOptions(bool isImport = false, bool hasTimeLimit = true)
    {
        _hasTimeLimit = hasTimeLimit;
        if (isImport)
        {
            _output.Aliases.Add("--output");
        }
    }

    public Option[] All =>
        [_normalize, _inputSize, _classes, _weights, _output, _trust, .. _hasTimeLimit ? [_timeLimit] : Array.Empty<Option>()];

    /// <summary>Those that go with a model only.</summary>
    public Option[] OfModels => [.. All.Except([_classes])];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    /// <summary>Loads a model file of any kind; a TorchScript program first in a process of its own, which it may end.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="path">The file.</param>
    /// <param name="device">Where the network is to live.</param>
    /// <param name="keepsSoftmax">Whether the softmax at the end of an ONNX model stays. Default false.</param>
    public MarginModel Load(ParseResult parsed, string path, Device device, bool keepsSoftmax = false)
    {
        if (parsed.GetValue(_trust) && File.Exists(path))
        {
            TrialProcess.Load(path, [.. All.Where(parsed.IsGiven).SelectMany(option => Words(parsed, option))]);
        }

        var model = MarginModel.Load(path, Read(parsed, path) with { KeepSoftmax = keepsSoftmax }, device);
        foreach (var note in model.Notes)
        {
            parsed.Note($"'{path}': {note}");
        }

        return model;
    }

    /// <summary>Loads a model file in this process.</summary>
    public MarginModel LoadHere(ParseResult parsed, string path, Device device) => MarginModel.Load(path, Read(parsed, path), device);

    /// <summary>Whether the program in a model file was trusted on the command line.</summary>
    public bool IsTrusted(ParseResult parsed) => parsed.GetValue(_trust);

    /// <summary>The names of <c>--classes</c>; null where it is not given.</summary>
    public string[]? ClassNames(ParseResult parsed) => parsed.GetValue(_classes) is { } file ? ReadNames(file) : null;

    /// <summary>Ends the process, whose program nothing else can stop.</summary>
    private static void GiveUp(TextWriter error, string path, string reason)
    {
        error.WriteLine($"marginnet: '{path}' is not a model this MarginNet can use. {reason}");
        error.Flush();
        NativeExit.Now(UserMistake);
    }

    private static IEnumerable<string> Words(ParseResult parsed, Option option) =>
        [option.Name, .. parsed.GetResult(option)!.Tokens.Select(token => token.Value)];

    private LoadOptions Read(ParseResult parsed, string path) => new()
    {
        Normalization = parsed.GetValue(_normalize),
        ImageSize = parsed.GetValue(_inputSize),
        ClassNames = ClassNames(parsed)?.ToImmutableArray(),
        Weights = parsed.GetValue(_weights),
        Output = parsed.GetValue(_output),
        TrustTorchScript = parsed.GetValue(_trust),
        TrustedPrograms = TrustedPrograms.Read(),
        TimeLimit = TimeSpan.FromSeconds(
            _hasTimeLimit ? Math.Min(parsed.GetValue(_timeLimit), MostSeconds) : DefaultSeconds),
        TimeLimitExceeded = reason => GiveUp(parsed.InvocationConfiguration.Error, path, reason),
    };

    private static string[] ReadNames(string file)
    {
        if (!File.Exists(file))
        {
            throw new UserErrorException(
                $"--classes '{file}' does not exist: give a text file with the name of each class on a line of its own.");
        }

        string[] names = [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)];
        return names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new UserErrorException($"--classes '{file}' has the name '{twice.Key}' {twice.Count()} times: give each class its own.")
            : names;
    }

    private static ChannelStatistics? ParseStatistics(ArgumentResult result)
    {
        var text = Text(result);
        if (text.Split('/') is [var means, var deviations] && Numbers(means) is { } mean && Numbers(deviations) is { } deviation &&
            mean.Length == deviation.Length && Array.TrueForAll(deviation, value => value > 0))
        {
            return new([.. mean], [.. deviation]);
        }

        result.AddError($"--normalize is '{text}': expected the means of the channels, a slash and as many deviations above 0, "
            + "such as 0.4914,0.4822,0.4465/0.2470,0.2435,0.2616.");
        return null;
    }

    private static double[]? Numbers(string text)
    {
        var parts = text.Split(',');
        var numbers = new double[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!Number.TryParse(parts[i], out numbers[i]) || !double.IsFinite(numbers[i]))
            {
                return null;
            }
        }

        return numbers;
    }

    private static (int Height, int Width)? ParseSize(ArgumentResult result)
    {
        var text = Text(result);
        int[] sizes =
            [.. text.Split('x').Select(part => Number.TryParse<int>(part, out var size) && size is >= 1 and <= MaxSize ? size : 0)];
        if (sizes.Length <= 2 && !sizes.Contains(0))
        {
            return (sizes[0], sizes[^1]);
        }

        result.AddError($"--input-size is '{text}': expected a whole number, 1 to {MaxSize}, or two such as 32x64.");
        return null;
    }

    private static string Text(ArgumentResult result) => result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
}
