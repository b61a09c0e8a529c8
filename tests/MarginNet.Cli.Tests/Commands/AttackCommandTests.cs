using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Tests.Commands;

public sealed class AttackCommandTests
{
    [Fact]
    public async Task The_accuracies_are_those_of_the_models_on_the_images_written()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        var run = await AttackAsync(
            tool, "--model", tool.File("m.pt"), tool.File("ce.pt"), "--epsilon", "8/255", "--out", tool.File("adv.npy"));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var json = JsonDocument.Parse(File.ReadAllBytes(tool.File("a.json"))).RootElement;
        Assert.Equal(8 / 255.0, json.GetProperty("attack").GetProperty("epsilon").GetDouble());
        Assert.Equal(tool.File("ce.pt"), json.GetProperty("surrogate").GetString());
        Assert.Equal(
            ["ce.pt", "m.pt"],
            json.GetProperty("models").EnumerateArray().Select(model => Path.GetFileName(model.GetProperty("model").GetString())));

        var images = SyntheticShapes.Create().Test.TakeBalanced(60);
        var attacked = ImageArray.Read(tool.File("adv.npy"));
        Assert.Equal(images.Labels.ToArray(), ArrayFile.ReadLabels(tool.File("adv.labels.npy"), 10));
        foreach (var row in json.GetProperty("models").EnumerateArray())
        {
            using var model = MarginModel.Load(row.GetProperty("model").GetString()!);
            Assert.Equal(model.Network.Score(images).Accuracy(images.Labels), row.GetProperty("clean_accuracy").GetDouble());
            Assert.Equal(attacked.Score(model.Network).Accuracy(images.Labels), row.GetProperty("attacked_accuracy").GetDouble());
            Assert.Contains(
                FormattableString.Invariant($"{row.GetProperty("attacked_accuracy").GetDouble():p2} ["), run.Output,
                StringComparison.Ordinal);
        }

        using var surrogate = MarginModel.Load(tool.File("ce.pt"));
        using var expected = Attack.Run(surrogate.Network, images, new() { Epsilon = 8 / 255.0 }).Images.ToTensor();
        using var written = attacked.ToTensor();
        Assert.True(written.Equals(expected));
    }

    [Fact]
    public async Task PGD_takes_its_options_and_its_seed_decides_its_starts()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        // So many that of 60 images some random start is the strongest.;
        string[] pgd =
        [
            "--method", "pgd", "--norm", "l2", "--epsilon", "0.5", "--objective", "logit-difference", "--steps", "3", "--step-size", "1/4",
            "--restarts", "12", "--no-clip",
        ];
        byte[] Written() => File.ReadAllBytes(tool.File("adv.npy"));
        Assert.Equal(0, (await AttackAsync(tool, [.. pgd, "--seed", "1", "--out", tool.File("adv.npy")])).ExitCode);
        var first = Written();
        var settings = JsonDocument.Parse(File.ReadAllBytes(tool.File("a.json"))).RootElement.GetProperty("attack");
        Assert.Equal(
            """{"method":"pgd","epsilon":0.5,"norm":"l2","objective":"logit-difference","clip":false,"steps":3,"step_size":0.25,"restarts":12,"seed":1}""",
            JsonSerializer.Serialize(settings));
        await AttackAsync(tool, [.. pgd, "--seed", "1", "--out", tool.File("adv.npy")]);
        Assert.Equal(first, Written());
        await AttackAsync(tool, [.. pgd, "--seed", "2", "--out", tool.File("adv.npy")]);
        Assert.NotEqual(first, Written());
    }

    [Fact]
    public async Task Without_room_to_move_the_accuracy_stays_and_the_images_are_the_data_themselves()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        await AttackAsync(tool, "--epsilon", "0", "--out", tool.File("adv.npy"));
        var row = JsonDocument.Parse(File.ReadAllBytes(tool.File("a.json"))).RootElement.GetProperty("models")[0];
        Assert.Equal(row.GetProperty("clean_accuracy").GetDouble(), row.GetProperty("attacked_accuracy").GetDouble());
        using var written = ImageArray.Read(tool.File("adv.npy")).ToTensor();
        using var clean = SyntheticShapes.Create().Test.TakeBalanced(60).ToTensor([.. Enumerable.Range(0, 60)]);
        Assert.True(written.Equals(clean));
    }

    [Fact]
    public async Task The_written_images_can_be_evaluated_scored_and_told_from_clean_ones()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        await AttackAsync(tool, "--model", tool.File("m.pt"), "--out", tool.File("adv.npy"));
        var accuracy = JsonDocument.Parse(File.ReadAllBytes(tool.File("a.json"))).RootElement
            .GetProperty("models")[1].GetProperty("attacked_accuracy").GetDouble();

        string[] model = ["--model", tool.File("m.pt")];
        string[] images = [.. model, "--images", tool.File("adv.npy")];
        Assert.Equal(0, (await Tool.RunAsync(["evaluate", .. images, "--json", tool.File("e.json")])).ExitCode);
        Assert.Equal(accuracy, JsonDocument.Parse(File.ReadAllBytes(tool.File("e.json"))).RootElement.GetProperty("accuracy").GetDouble());

        var scored = await Tool.RunAsync(["pvalue", .. images]);
        var rows = scored.OutputLines[1..].Select(line => line.Split(',')).ToArray();
        Assert.Equal((0, 60), (scored.ExitCode, rows.Length));
        Assert.Equal(accuracy, rows.Average(row => row[1] == row[2] ? 1.0 : 0));

        string[] detect = ["detect", .. model, "--limit-test", "60", "--resamples", "20", "--json", tool.File("d.json")];
        Assert.Equal(0, (await Tool.RunAsync([.. detect, "--attacked", tool.File("adv.npy")])).ExitCode);
        var fromFile = await File.ReadAllTextAsync(tool.File("d.json"));
        Assert.Equal(0, (await Tool.RunAsync([.. detect, "--fgsm", "0.1", "--surrogate", tool.File("ce.pt")])).ExitCode);
        Assert.Equal(await File.ReadAllTextAsync(tool.File("d.json")), fromFile); // The paper's attack, kept or made anew.

        var own = await Tool.RunAsync(["detect", .. images, "--resamples", "20"]);
        Assert.Contains("right decisions from wrong decisions: ", own.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Images_of_a_file_are_refused_where_they_do_not_fit()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        new ImageArray(new float[2 * 3 * 32 * 32], 3, 32, 32).Save(tool.File("x.npy"));
        new ImageArray(new float[2 * 3 * 8 * 8], 3, 8, 8).Save(tool.File("small.npy"));
        ArrayFile.WriteLabels(tool.File("three.npy"), [0, 1, 2]);
        ArrayFile.WriteLabels(tool.File("two.npy"), [0, 1]);
        (string Expected, string[] Args)[] mistakes =
        [
            ("'x.npy' has no labels: give --labels", ["evaluate", "--images", "x.npy"]),
            ("has no labels: give --labels, --attacked or --ood", ["detect", "--images", "x.npy"]),
            ("three.npy has 3 labels, but x.npy has 2 images", ["evaluate", "--images", "x.npy", "--labels", "three.npy"]),
            ("has images of 3x8x8, but the model takes 3x32x32", ["pvalue", "--images", "small.npy"]),
            ("expected one .npy file.", ["evaluate", "--images", "a.png"]),
            ("expected one .npy file, or pictures", ["pvalue", "--images", "x.npy", "small.npy"]),
            ("leave one of them out", ["evaluate", "--images", "x.npy", "--split", "train"]),
            ("--fgsm attacks the images of a data set", ["detect", "--images", "x.npy", "--labels", "two.npy", "--fgsm", "0.1"]),
            ("--attacked are images that were attacked before", ["detect", "--limit-test", "20", "--attacked", "x.npy", "--fgsm", "0.1"]),
            ("--attacked and --ood are two kinds", ["calibrate", "--attacked", "x.npy", "--ood", "."]),
        ];
        foreach (var (expected, args) in mistakes)
        {
            var run = await Tool.RunAsync([args[0], "--model", tool.File("m.pt"),
                .. args[1..].Select(text => text.EndsWith(".npy", StringComparison.Ordinal) ? tool.File(text) : text)]);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(expected, run.Error.Replace(tool.File("x")[..^1], "", StringComparison.Ordinal), StringComparison.Ordinal);
            Assert.Single(run.Error.TrimEnd().Split('\n'));
        }

        Assert.Equal(
            0,
            (await Tool.RunAsync(
                "evaluate", "--model", tool.File("m.pt"), "--images", tool.File("x.npy"), "--labels", tool.File("two.npy"))).ExitCode);
    }

    [Fact]
    public async Task A_saturated_softmax_is_warned_of_and_the_logit_difference_is_not()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        using (var model = MarginModel.Load(tool.File("ce.pt")))
        using (no_grad())
        {
            // The last layer's weight and bias: the same decisions, by far.
            foreach (var parameter in model.Network.parameters().TakeLast(2))
            {
                parameter.mul_(1e7);
            }

            model.Save(tool.File("ce.pt"));
        }

        var stuck = await AttackAsync(tool);
        Assert.Equal(0, stuck.ExitCode);
        Assert.Contains("warning: the gradient is exactly zero at ", stuck.Error, StringComparison.Ordinal);
        Assert.Contains("--objective logit-difference", stuck.Error, StringComparison.Ordinal);
        Assert.Equal("", (await AttackAsync(tool, "--objective", "logit-difference")).Error);
    }

    [Fact]
    public async Task Models_of_other_classes_or_sizes_are_refused_before_anything_is_written()
    {
        using var tool = new Tool();
        await TrainTwoAsync(tool);
        using (var other = new MarginModel(new ResNet18(new() { Width = 4, ClassCount = 2 }), ["cat", "dog"], (32, 32)))
        {
            other.Save(tool.File("other.pt"));
        }

        var run = await AttackAsync(tool, "--model", tool.File("other.pt"), "--out", tool.File("adv.npy"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("has 2 classes (cat, dog)", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("adv.npy", tool.Files);
    }

    private static async Task TrainTwoAsync(Tool tool)
    {
        await tool.TrainAsync("ce.pt");
        await tool.TrainAsync("m.pt", "--seed", "9");
    }

    private static Task<ToolRun> AttackAsync(Tool tool, params string[] more) =>
        Tool.RunAsync(["attack", "--surrogate", tool.File("ce.pt"), "--limit-test", "60", "--json", tool.File("a.json"), .. more]);
}
