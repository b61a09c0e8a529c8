using System.CommandLine.Completions;

namespace MarginNet.Cli.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Help_names_every_command_and_succeeds()
    {
        var run = await Tool.RunAsync("--help");
        Assert.Equal(0, run.ExitCode);
        Assert.All(
            ["train", "calibrate", "evaluate", "attack", "pvalue", "detect", "demo"],
            command => Assert.Contains($"\n  {command} ", run.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--lr is '0,5': expected a number above 0.", "train", "--lr", "0,5")]
    [InlineData("--lr is 'NaN': expected a number above 0.", "train", "--lr", "NaN")]
    [InlineData("--lr is '1e999': expected a number above 0.", "train", "--lr", "1e999")]
    [InlineData("--lr is '-0.5': expected a number above 0.", "train", "--lr", "-0.5")]
    [InlineData("--epochs is 'abc': expected a whole number, at least 1.", "train", "--epochs", "abc")]
    [InlineData("--epochs is '0': expected a whole number, at least 1.", "train", "--epochs", "0")]
    [InlineData("--batch-size is '99999999999': expected a whole number, at least 1.", "train", "--batch-size", "99999999999")]
    [InlineData("--threads is '0': expected a whole number, 1 to 1024.", "train", "--threads", "0")]
    [InlineData("--calibration-split is '1': expected a number between 0 and 1.", "train", "--calibration-split", "1")]
    [InlineData("--alpha is '5%': expected a number between 0 and 1.", "pvalue", "--model", "m.pt", "--alpha", "5%")]
    [InlineData("--lr is '1/0': expected a number above 0.", "train", "--lr", "1/0")]
    [InlineData("--lr is '1/2/3': expected a number above 0.", "train", "--lr", "1/2/3")]
    [InlineData("--lr is '/255': expected a number above 0.", "train", "--lr", "/255")]
    [InlineData("--epochs is '4/2': expected a whole number, at least 1.", "train", "--epochs", "4/2")]
    [InlineData("--epsilon is '-8/255': expected a number, at least 0.", "attack", "--surrogate", "m.pt", "--epsilon", "-8/255")]
    [InlineData("--surrogate", "attack", "--model", "m.pt")]
    [InlineData("--steps has no effect on --method fgsm", "attack", "--surrogate", "m.pt", "--steps", "3")]
    [InlineData("--out is 'adv.bin': expected a name that ends in .npy", "attack", "--surrogate", "m.pt", "--out", "adv.bin")]
    [InlineData("'nowhere.pt' does not exist", "attack", "--surrogate", "nowhere.pt")]
    [InlineData("give either --model, or --logits with --labels.", "evaluate")]
    [InlineData("--bins is '0'", "evaluate", "--model", "m.pt", "--bins", "0")]
    [InlineData("--labels does not go with --model", "evaluate", "--model", "m.pt", "--labels", "y.npy")]
    [InlineData("--loss is 'hinge': expected cross-entropy, dual, dual-hinge, dual-normalized, emma, margin-ratio or shifted-softmax. "
        + "Did you mean 'dual-hinge'?", "train", "--loss", "hinge")]
    [InlineData("--preset is 'fats': expected certified, certified-linf, fast or paper. "
        + "Did you mean 'fast'? See 'marginnet train --help'.", "train", "--preset", "fats")]
    [InlineData("--preset is 'FAST': expected certified, certified-linf, fast or paper. Did you mean 'fast'?", "train", "--preset=FAST")]
    [InlineData("--adjust is 'bonferroni': expected bh.", "pvalue", "--adjust", "bonferroni")]
    [InlineData("The argument SHELL is 'basch': expected bash, fish, pwsh or zsh. Did you mean 'bash'?", "completion", "basch")]
    [InlineData("'maybe' after --rectify.", "train", "--rectify=maybe")]
    [InlineData("'2' after --mu.", "train", "--mu", "1", "2")]
    [InlineData("'--epoch'", "train", "--epoch", "3")]
    [InlineData("Nothing to score: give either --model, or --logits with --calibration.", "pvalue")]
    [InlineData("--logits need --calibration", "pvalue", "--logits", "x.npy")]
    [InlineData("--images does not go with --logits", "pvalue", "--logits", "x.npy", "--images", "y.png")]
    [InlineData("--adjust bh needs p-values that are uniform", "pvalue", "--model", "m.pt", "--adjust", "bh", "--tail", "formula")]
    [InlineData(
        "leave out --labels, --adjust, --json, --html, --logits-out, --sample-weights and --output", "pvalue", "--logits", "-", "--calibration", "n.json", "--adjust", "bh")]
    [InlineData("--calibration 'n.json' does not exist", "pvalue", "--logits", "x.npy", "--calibration", "n.json")]
    [InlineData("'@x'", "@x")]
    [InlineData("'a?[31m?b'", "a\u001b[31m\u0007b")]
    [InlineData("--bins is '10001': expected a whole number, 1 to 10000.", "evaluate", "--model", "m.pt", "--bins", "10001")]
    [InlineData(
        "--resamples is '2000000000': expected a whole number, 1 to 1000000.", "detect", "--model", "m.pt", "--resamples", "2000000000")]
    [InlineData("--delta is 1, but --lambda-update multiply needs a factor above 1.", "train", "--delta", "1", "--rounds", "2")]
    [InlineData("--delta has no effect in a single round: add --rounds N.", "train", "--delta", "3")]
    [InlineData("--device is 'gpu': expected auto, cpu, cuda or cuda:N.", "train", "--device", "gpu", "--data", "synthetic")]
    [InlineData("--bias-rate-factor needs --optimizer sgd", "train", "--bias-rate-factor", "2", "--data", "synthetic")]
    [InlineData("--tf32 has no effect on the CPU", "train", "--device", "cpu", "--tf32", "--data", "synthetic")]
    [InlineData("--cudnn has no effect on the CPU", "train", "--device", "cpu", "--cudnn", "benchmark", "--data", "synthetic")]
    [InlineData("--precision is 'fp16': expected auto, bfloat16, float16 or float32.", "train", "--precision", "fp16")]
    [InlineData("--precision is 'bfloat16', but constants and certificates are proven for float32 alone: leave it out.",
        "certify", "--model", "m.pt", "--precision", "bfloat16")]
    [InlineData("--precision is 'auto', but constants and certificates are proven for float32 alone: leave it out.",
        "lipschitz", "--model", "m.pt", "--precision", "auto")]
    [InlineData("--precision does not go with --logits", "evaluate", "--logits", "l.npy", "--labels", "y.npy", "--precision", "float32")]
    [InlineData("leave one of them out", "train", "--data", "synthetic", "--data-dir", "x")]
    [InlineData("--data folder needs --data-dir", "train", "--data", "folder")]
    [InlineData("'nowhere' does not exist", "train", "--data-dir", "nowhere")]
    [InlineData("'nowhere/m.pt': its folder does not exist", "train", "--out", "nowhere/m.pt", "--data", "synthetic")]
    [InlineData("--loss margin-ratio (6) needs scores >= 0: add --rectify.", "train", "--loss", "margin-ratio", "--data", "synthetic")]
    [InlineData("'nowhere.pt' does not exist", "pvalue", "--model", "nowhere.pt")]
    [InlineData("--output is 'p.txt': expected a name that ends in .csv or .json.", "pvalue", "--model", "m.pt", "--output", "p.txt")]
    [InlineData("--json has a value that is empty", "evaluate", "--logits", "l.npy", "--json", "")]
    [InlineData("'/h' does not exist", "export", "/h", "--to", "onnx", "--out", "x.onnx")]
    [InlineData("export has a value that is empty", "export", "", "--to", "onnx")]
    public async Task A_mistake_is_answered_in_one_line_with_exit_code_2_and_nothing_is_written(string expected, params string[] args)
    {
        using var tool = new Tool();
        var before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(Path.GetDirectoryName(tool.File("x"))!);
        try
        {
            var run = await Tool.RunAsync(args);
            Assert.Equal(2, run.ExitCode);
            Assert.Empty(run.Output);
            Assert.Contains(expected, run.Error.Replace('\\', '/'), StringComparison.OrdinalIgnoreCase);
            Assert.StartsWith("marginnet: ", run.Error, StringComparison.Ordinal);
            Assert.Single(run.Error.TrimEnd().Split('\n'));
            Assert.Empty(tool.Files);
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    /// <summary>Each option that takes one of some words, with its command.</summary>
    public static IEnumerable<object[]> Choices => CommandLine.CreateRoot().Subcommands.SelectMany(command => command.Options
        .Where(option => option.ValueType != typeof(bool) && option.GetCompletions(CompletionContext.Empty).Any())
        .Select(option => new object[] { command.Name, option.Name }));

    [Theory]
    [MemberData(nameof(Choices))]
    public async Task A_word_that_an_option_does_not_take_is_answered_with_the_option_and_the_words_that_it_takes(
        string command, string option)
    {
        var words = CommandLine.CreateRoot().Subcommands
            .Single(each => each.Name == command).Options
            .Single(each => each.Name == option)
            .GetCompletions(CompletionContext.Empty);
        var run = await Tool.RunAsync(command, option, "xyzzy");
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"marginnet: {option} is 'xyzzy': expected ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.All(words, word => Assert.Contains(word.Label, run.Error, StringComparison.Ordinal));
    }

    [NoCudaFact]
    public async Task Asking_for_a_gpu_where_there_is_none_says_what_to_do()
    {
        var run = await Tool.RunAsync("train", "--data", "synthetic", "--device", "cuda:1");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(
            "--device is 'cuda:1', but this build or machine has no CUDA: use --device cpu", run.Error, StringComparison.Ordinal);
    }

    private sealed class NoCudaFactAttribute : FactAttribute
    {
        public NoCudaFactAttribute()
        {
            if (TorchSharp.torch.cuda.is_available())
            {
                Skip = "This machine has a GPU.";
            }
        }
    }
}
