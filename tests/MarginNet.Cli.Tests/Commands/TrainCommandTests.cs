using System.Globalization;
using System.Text.Json;
using MarginNet.ModelFiles;
using MarginNet.Models;
using StbImageWriteSharp;

namespace MarginNet.Cli.Tests.Commands;

public sealed class TrainCommandTests
{
    [Fact]
    public async Task A_run_writes_a_model_its_history_and_the_violated_constraints()
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", "--epochs", "2", "--rounds", "2", "--delta", "3", "--seed", "5");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["m.config.json", "m.history.jsonl", "m.pt", "m.violations.csv"], tool.Files);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal(4, Assert.IsType<ResNet18>(model.Network).Width);
        Assert.Equal("shifted-softmax", model.Training["loss"]);
        Assert.Equal(2.0, model.Training["mu"]);
        Assert.Equal(5L, model.Training["seed"]);
        Assert.Equal(300L, model.Metrics["constraints"]);
        Assert.Equal(10, model.NullModel!.Classes.Length);

        var history = File.ReadAllLines(tool.File("m.history.jsonl")).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(
            ["start", "epoch", "epoch", "round", "epoch", "epoch", "round"], history.Select(line => line.GetProperty("event").GetString()));
        Assert.Equal((double)model.Metrics["test_accuracy"]!, history[5].GetProperty("test_accuracy").GetDouble());

        var violations = File.ReadAllLines(tool.File("m.violations.csv"))[1..].Select(line => line.Split(',')).ToArray();
        Assert.Equal(300 - (long)model.Metrics["constraints_met"]!, violations.Length);
        Assert.All(violations, fields => Assert.Equal(
            2, double.Parse(fields[2], CultureInfo.InvariantCulture) + double.Parse(fields[3], CultureInfo.InvariantCulture), 1e-6));
        Assert.Contains(
            $"margins met       {model.Metrics["constraints_met"]} of 300 after 2 rounds", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_fast_preset_sets_what_is_not_given()
    {
        using var tool = new Tool();
        string[] small =
        [
            "train", "--preset", "fast", "--data", "synthetic", "--limit-train", "100", "--limit-test", "50", "--epochs", "1", "--width",
            "4",
        ];
        Assert.Equal(0, (await Tool.RunAsync([.. small, "--lr", "0.125", "--out", tool.File("m.pt")])).ExitCode);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal((4, 25), (Assert.IsType<FastNet>(model.Network).Width, model.Network.Options.OutputScale));
        Assert.Equal(("shifted-softmax", 50.0, 25.0), (model.Training["loss"], model.Training["mu"], model.Training["temperature"]));
        Assert.Equal(
            (1L, 0.125, "sgd", true),
            (model.Training["epochs"], model.Training["learning_rate"], model.Training["optimizer"], model.Training["augment"]));
    }

    [Theory]
    [InlineData("lipnet", nameof(LipNet), "shifted-softmax", 0.0, null)]
    [InlineData("orthonet", nameof(OrthogonalNet), "shifted-softmax", 0.0, 0.5)]
    [InlineData("liresnet", nameof(LiResNet), "emma", 0.21, null)]
    public async Task The_certified_preset_trains_a_network_whose_radii_are_not_vacuous(
        string architecture, string network, string loss, double radius, double? parseval)
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync([
            "train", "--preset", "certified", "--data", "synthetic", "--limit-train", "100", "--limit-test", "50", "--epochs", "1",
            "--width", "4", "--out", tool.File("m.pt"), .. architecture == "lipnet" ? Array.Empty<string>() : ["--arch", architecture],
        ]);
        Assert.Equal(
            (0, ""),
            (run.ExitCode, run.Error.Split('\n').FirstOrDefault(line => line.StartsWith("Error", StringComparison.Ordinal)) ?? ""));
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal((network, 1), (model.Network.GetName(), model.Network.Options.OutputScale));
        Assert.Equal(
            (loss, 0.6, 0.5, radius, parseval),
            (model.Training["loss"], model.Training["mu"], model.Training["temperature"], model.Training["lipschitz_margin"],
                model.Training["parseval"]));
        var bounds = await Tool.RunAsync("lipschitz", "--model", tool.File("m.pt"), "--json", tool.File("l.json"));
        Assert.Equal(0, bounds.ExitCode);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("l.json")));
        Assert.InRange(json.RootElement.GetProperty("l_2").GetProperty("upper_bound").GetDouble(), 0.1, radius > 0 ? 10 : 1.001);
    }

    [Fact]
    public async Task The_preset_for_linf_trains_a_ConvNet_that_intervals_certify()
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync(
            "train", "--preset", "certified-linf", "--epsilon", "1/2550", "--data", "synthetic", "--limit-train", "200", "--limit-test",
            "50", "--epochs", "3", "--ramp-epochs", "1", "--batch-size", "20", "--width", "4", "--out", tool.File("m.pt"));
        Assert.Equal(0, run.ExitCode);
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            Assert.Equal((4, 1), (Assert.IsType<ConvNet>(model.Network).Width, model.Network.Options.OutputScale));
            Assert.Equal(("ibp", 1.0 / 2550, 0.1), (model.Training["robust"], model.Training["epsilon"], model.Training["mu"]));
        }

        var certified = await Tool.RunAsync(
            "certify", "--model", tool.File("m.pt"), "--limit-test", "50", "--method", "interval", "--norm", "linf", "--epsilon", "1/25500",
            "--attack-steps", "5");
        Assert.Equal(0, certified.ExitCode);
        Assert.Matches(@"certified at 1/25500 +[1-9]", certified.Output);
    }

    [Theory]
    [InlineData("sabr", "--box-share", "0.5")]
    [InlineData("crown-ibp", "--natural-share", "0.1")]
    [InlineData("mixtrain", "--norm", "linf")]
    public async Task Any_network_trains_by_bounds_and_the_same_settings_come_from_its_configuration(string method, params string[] options)
    {
        using var tool = new Tool();
        string[] rest = ["--data", "synthetic", "--limit-train", "24", "--limit-test", "10"];
        var run = await Tool.RunAsync(
            ["train", "--preset", "fast", "--arch", "convnet", "--robust", method, "--epsilon", "1/255", "--width", "2", "--epochs", "1",
                "--batch-size", "12", "--out", tool.File("m.pt"), .. options, .. rest]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains("of 24 after 1 round, proven at worst within 0.00392 in linf", run.Output, StringComparison.Ordinal);
        var again = await Tool.RunAsync("train", "--config", tool.File("m.config.json"), "--out", tool.File("n.pt"));
        Assert.Equal(0, again.ExitCode);
        using var one = MarginModel.Load(tool.File("m.pt"));
        using var other = MarginModel.Load(tool.File("n.pt"));
        Assert.Equal(method, one.Training["robust"]);
        Assert.Equal(one.Training["box_share"], other.Training["box_share"]);
        Assert.Equal(
            one.Network.state_dict().Values.SelectMany(tensor => tensor.bytes.ToArray()),
            other.Network.state_dict().Values.SelectMany(tensor => tensor.bytes.ToArray()));
    }

    [Fact]
    public async Task The_certified_preset_does_not_take_a_network_of_another_kind()
    {
        using var tool = new Tool();
        await tool.TrainAsync("m.pt");
        var run = await Tool.RunAsync(
            "train", "--preset", "certified", "--data", "synthetic", "--limit-train", "20", "--init", tool.File("m.pt"), "--out",
            tool.File("c.pt"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("holds a ResNet18", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_radius_takes_the_place_of_mu_for_a_network_of_any_kind()
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync(
            "train", "--arch", "lipnet", "--loss", "dual-hinge", "--data", "synthetic", "--limit-train", "100", "--limit-test", "50",
            "--epochs", "1", "--width", "4",
            "--lipschitz-margin", "36/255", "--out", tool.File("m.pt"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("dual-hinge hinge of (9), radius = 0.1411", run.Output, StringComparison.Ordinal);
        Assert.Contains("certified radii   ", run.Output, StringComparison.Ordinal);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal(36.0 / 255, model.Training["lipschitz_margin"]);

        var projected = await tool.TrainAsync("p.pt", "--lipschitz-projection", "1");
        Assert.Equal(0, projected.ExitCode);
    }

    [Theory]
    [InlineData("lipnet", "30", "needs multiples of 4 pixels")]
    [InlineData("fastnet", "8", "needs at least 9x9 pixels")]
    public async Task An_image_size_that_the_network_does_not_take_is_refused(string architecture, string size, string expected)
    {
        using var tool = new Tool();
        foreach (var part in new[] { "train", "test" })
        {
            for (var i = 0; i < 4; i++)
            {
                Directory.CreateDirectory(tool.File($"{part}/{i % 2}"));
                using var file = File.Create(tool.File($"{part}/{i % 2}/{i}.png"));
                new ImageWriter().WritePng([.. Enumerable.Repeat((byte)(80 * i), 16 * 16 * 3)], 16, 16, ColorComponents.RedGreenBlue, file);
            }
        }

        var run = await Tool.RunAsync(
            "train", "--arch", architecture, "--data", "folder", "--data-dir", Path.GetDirectoryName(tool.File("x"))!, "--image-size", size,
            "--out", tool.File("m.pt"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"The images are {size}x{size}, but --arch {architecture} {expected}", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--lipschitz-margin takes the place of --mu", "--lipschitz-margin", "0.1", "--mu", "3")]
    [InlineData("--lipschitz-projection has no effect on --arch lipnet", "--lipschitz-projection", "1", "--arch", "lipnet")]
    [InlineData("a radius above 0", "--lipschitz-margin", "-1")]
    [InlineData("--epsilon has no effect without --robust", "--epsilon", "2/255")]
    [InlineData("--robust and --lipschitz-margin", "--robust", "ibp", "--lipschitz-margin", "0.1")]
    [InlineData("needs scores >= 0, but with --robust", "--robust", "ibp", "--loss", "margin-ratio", "--rectify")]
    [InlineData("--box-share is the small box of --robust sabr", "--robust", "ibp", "--box-share", "0.5")]
    [InlineData("--natural-share is what --robust mixtrain finds", "--robust", "mixtrain", "--natural-share", "0.5")]
    [InlineData("--robust trains in one process", "--robust", "ibp", "--deterministic")]
    [InlineData("--parseval has no effect on --arch lipnet", "--parseval", "0.1", "--arch", "lipnet")]
    [InlineData("a share above 0 and at most 0.5", "--parseval", "0.7")]
    [InlineData("--initial-size is 24, but the network takes images of one size only", "--initial-size", "24", "--arch", "lipnet")]
    [InlineData("--lipschitz-margin bounds images of one size", "--initial-size", "24", "--lipschitz-margin", "0.1")]
    [InlineData("--initial-size is '0': expected a whole number of at least 1", "--initial-size", "0")]
    [InlineData("a number above 0, at most 1", "--robust", "ibp", "--epsilon", "8")]
    public async Task What_does_not_go_together_is_refused_in_one_line(string expected, params string[] options)
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync(
            ["train", "--data", "synthetic", "--limit-train", "20", "--limit-test", "10", "--out", tool.File("m.pt"), .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Empty(tool.Files);
    }

    [Fact]
    public async Task The_same_seed_writes_the_same_file_byte_for_byte()
    {
        using var tool = new Tool();
        await tool.TrainAsync("a.pt", "--seed", "3", "--augment");
        await tool.TrainAsync("b.pt", "--seed", "3", "--augment");
        await tool.TrainAsync("c.pt", "--seed", "4", "--augment");
        Assert.Equal(File.ReadAllBytes(tool.File("a.pt")), File.ReadAllBytes(tool.File("b.pt")));
        Assert.NotEqual(File.ReadAllBytes(tool.File("a.pt")), File.ReadAllBytes(tool.File("c.pt")));
    }

    [Fact]
    public async Task Training_can_go_on_from_a_model_and_keeps_its_network()
    {
        using var tool = new Tool();
        await tool.TrainAsync("first.pt", "--rectify");
        string[] more =
        [
            "train", "--data", "synthetic", "--limit-train", "100", "--limit-test", "50", "--epochs", "1", "--init", tool.File("first.pt"),
        ];
        var run = await Tool.RunAsync([.. more, "--loss", "margin-ratio", "--mu", "1", "--out", tool.File("second.pt")]);
        Assert.Equal(0, run.ExitCode);
        using var model = MarginModel.Load(tool.File("second.pt"));
        Assert.Equal((4, true), (Assert.IsType<ResNet18>(model.Network).Width, model.Network.Options.Rectify));
        var contradiction = await Tool.RunAsync([.. more, "--width", "8", "--out", tool.File("third.pt")]);
        Assert.Equal(2, contradiction.ExitCode);
        Assert.Contains("--width, --rectify and --output-scale are given by --init", contradiction.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(24)]
    [InlineData(null, "--arch", "lipnet")]
    [InlineData(null, "--lipschitz-margin", "0.01")]
    [InlineData(28, "--initial-size", "28")]
    public async Task The_fast_preset_resizes_where_the_network_and_the_loss_allow_it(int? expected, params string[] options)
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync(
            [
                "train", "--preset", "fast", "--data", "synthetic", "--limit-train", "40", "--limit-test", "20", "--epochs", "1", "--width", "2", "--out",
                tool.File("m.pt"), "--quiet", .. options,
            ]);
        Assert.Equal(0, run.ExitCode);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal(expected, (int?)(long?)model.Training["initial_size"]);
    }

    [Fact]
    public async Task Calibration_samples_are_kept_out_of_training()
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", "--calibration-split", "0.2");
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal(240L, model.Training["train_count"]);
        Assert.Equal(60L, model.Training["held_out_count"]);
        Assert.Equal(60, model.NullModel!.Pooled.SampleCount + model.NullModel.MisclassifiedCount);
        Assert.Contains("held-out samples", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_diverging_run_says_so_and_leaves_no_model()
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", "--optimizer", "sgd", "--lr", "1e30");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("marginnet: Training diverged: the loss became", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("m.pt", tool.Files);
    }

    [Fact]
    public async Task Progress_goes_to_standard_error_a_line_for_each_epoch_unless_quiet()
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", "--epochs", "2", "--warmup-epochs", "1");
        Assert.Equal(3, run.Error.Split('\n').Count(
            line => line.Contains("epoch", StringComparison.Ordinal) && line.Contains("test accuracy", StringComparison.Ordinal)));
        Assert.StartsWith("warm-up epoch 1: loss", run.Error, StringComparison.Ordinal);
        Assert.Empty((await tool.TrainAsync("m.pt", "--quiet")).Error);
    }

    [Theory]
    [InlineData("1", "and there is but one")]
    [InlineData("2", "and feels it only between the 2 there are")]
    public async Task A_loss_that_does_not_feel_mu_is_said_when_training_starts_with_those_that_do(string rounds, string expected)
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", "--loss", "dual", "--mu", "50", "--rounds", rounds);
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith($"note: --loss dual, (9) as printed, does not feel --mu 50 within a round, {expected}: "
            + "--loss shifted-softmax or dual-hinge does.\n", run.Error.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--loss", "shifted-softmax")]
    [InlineData("--loss", "dual-hinge")]
    [InlineData("--loss", "cross-entropy")]
    [InlineData("--loss", "dual", "--quiet")]
    public async Task Nothing_is_said_of_other_losses_nor_where_no_notes_are_wanted(params string[] more)
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", more);
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("does not feel", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TensorBoard_files_are_written_on_request()
    {
        using var tool = new Tool();
        await tool.TrainAsync("m.pt", "--tensorboard", tool.File("board"));
        Assert.Contains(tool.Files, name => name.StartsWith("events.out.tfevents", StringComparison.Ordinal));
    }
}
