using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Cli.Input;

namespace MarginNet.Cli.Options;

/// <summary><c>--sample-weights</c>: how many times as likely each sample is where sets and p-values are used.</summary>
internal sealed class WeightsOption
{
    public const string Name = "--sample-weights";

    private readonly Option<string?> _file;

    /// <param name="purpose">What the weights are good for.</param>
    public WeightsOption(string purpose) => _file = new(Name)
    {
        Description = "How many times as likely each sample is where the model is used than where it was calibrated, up to a common factor "
            + $"(covariate shift): a .npy, .npz or .csv file with a number for each sample. {purpose}",
    };

    public Option Option => _file;

    public bool IsGiven(ParseResult parsed) => parsed.IsGiven(_file);

    /// <summary>Reads the weights of samples, shape [N]; null where none are given.</summary>
    public double[]? Read(ParseResult parsed, Samples samples)
    {
        if (parsed.GetValue(_file) is not { } file)
        {
            return null;
        }

        var array = ArrayFile.Read(file);
        if (array.Columns != 1 || array.Rows != samples.Count)
        {
            throw new InvalidDataException($"{file}: expected {samples.Count} weights, one for each sample of {samples.Source}, but found "
                + $"{array.Rows} rows of {array.Columns}.");
        }

        var weights = array.Values.ToArray();
        var wrong = Array.FindIndex(weights, weight => weight is not (>= 0 and < double.PositiveInfinity));
        return wrong >= 0
            ? throw new InvalidDataException(
                FormattableString.Invariant($"{file}: expected finite weights of at least 0, but the one of row {wrong} is {weights[wrong]}."))
            : weights.Sum() is > 0 and < double.PositiveInfinity ? weights
            : throw new InvalidDataException($"{file}: expected weights with a sum that is finite and above 0.");
    }

    /// <summary>Reads the weights of samples that are compared with others: they have some where, and only where, the others do.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="isWeighted">Whether those that they are compared with have some.</param>
    public double[]? Read(ParseResult parsed, Samples samples, bool isWeighted) => isWeighted == IsGiven(parsed)
        ? Read(parsed, samples)
        : throw new UserErrorException(isWeighted
            ? $"calibrated with {Name}: give those of the samples to score, too."
            : $"{Name} goes with --sets or --confidence of what 'marginnet calibrate {Name}' calibrated: leave it out, or calibrate so.");
}
