using System.CommandLine;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Options;

/// <summary>Over which views of an image scores are averaged: <c>--tta</c>.</summary>
internal sealed class AveragingOption
{
    private static readonly (string Name, TestTimeAveraging Averaging)[] Names =
        [("none", TestTimeAveraging.None), ("flip", TestTimeAveraging.Flip), ("flip-shift", TestTimeAveraging.FlipShift)];

    private readonly Option<string?> _averaging = new Option<string?>("--tta")
    {
        Description = "Average scores over an image and its mirror image (flip), also moved by a pixel (flip-shift), or not (none); "
            + "by default as the model was calibrated.",
    }.AcceptOnlyFromAmong([.. Names.Select(one => one.Name)]);

    public static implicit operator Option(AveragingOption option) => option._averaging;

    /// <summary>As the command line writes it.</summary>
    public static string NameOf(TestTimeAveraging averaging) => Names.Single(one => one.Averaging == averaging).Name;

    /// <summary>Has a model average its scores as was given, or else as it was calibrated.</summary>
    public void ApplyTo(ParseResult parsed, MarginModel model) =>
        model.Network.Averaging = parsed.GetValue(_averaging) is { } given
            ? Names.Single(one => one.Name == given).Averaging
            : model.NullModel?.Averaging ?? TestTimeAveraging.None;
}
