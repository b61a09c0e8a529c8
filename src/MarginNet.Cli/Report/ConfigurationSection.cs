using System.Globalization;
using MarginNet.Cli.Commands;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>What it takes to do it again: settings, versions, machine and time.</summary>
internal static class ConfigurationSection
{
    public static PageSection Compose(ExperimentResult experiment, string command) => new("configuration", "Configuration", Html.Format(
        $"""
        <p>Command: <code>{command}</code></p>
        <p>Training images: SHA-256 <code>{experiment.Data.TrainDigest}</code><br />Test images: SHA-256 <code>{experiment.Data.TestDigest}</code></p>
        {Training(experiment)}
        {Machine(experiment)}
        {Stages(experiment)}
        """));

    private static Html Training(ExperimentResult experiment)
    {
        var settings = experiment.Runs.Select(run => TrainingSettings.Describe(
            run.Run.Options, experiment.Data.Name, experiment.Data.Train, heldOut: 0, heldOutShare: 0)).ToArray();
        string[] names = [.. settings[0].Keys.Where(name => name is not ("seed" or "threads"))]; // They are with the stages.
        return ScrollTable.Compose(
            "How each network was trained.",
            [ScrollTable.Head("setting"), .. experiment.Runs.Select(run => ScrollTable.Head(run.Run.Title))],
            names.Select(name => ScrollTable.Row(
                name, settings.Select(own => ScrollTable.Cell(Convert.ToString(own[name], CultureInfo.InvariantCulture) ?? "")))));
    }

    private static Html Machine(ExperimentResult experiment)
    {
        var environments = experiment.Stages.Select(stage => stage.Record.Environment).Distinct().ToArray();
        return ScrollTable.Compose(
            "Where the stages were computed.",
            [
                ScrollTable.NumberHead("machine"), ScrollTable.Head("device"), ScrollTable.NumberHead("threads"),
                ScrollTable.Head("processor"), ScrollTable.Head("MarginNet"), ScrollTable.Head("LibTorch"),
                ScrollTable.Head("runtime"), ScrollTable.Head("system"),
            ],
            environments.Select((own, i) => ScrollTable.Row(
                Number(i), ScrollTable.Cell(own.Device), ScrollTable.Number($"{own.Threads}"), ScrollTable.Cell(own.Processor),
                ScrollTable.Cell(own.MarginNet), ScrollTable.Cell(own.LibTorch), ScrollTable.Cell(own.Runtime),
                ScrollTable.Cell(own.System))));
    }

    private static Html Stages(ExperimentResult experiment)
    {
        var environments = experiment.Stages.Select(stage => stage.Record.Environment).Distinct().ToList();
        var total = experiment.Stages.Sum(stage => stage.Record.Seconds);
        return ScrollTable.Compose(
            string.Create(CultureInfo.InvariantCulture, $"Seconds of each stage when it was computed: {total:n1} in all, "
                + $"{total / 60:n1} minutes. The attack is made once for all networks, and its time divided among them."),
            [ScrollTable.Head("stage"), ScrollTable.NumberHead("seed"), ScrollTable.NumberHead("seconds"), ScrollTable.NumberHead("machine"), ScrollTable.Head("this run")],
            experiment.Stages.Select(stage => ScrollTable.Row(
                stage.Title,
                ScrollTable.Number($"{stage.Seed}"),
                ScrollTable.Number($"{stage.Record.Seconds:n1}"),
                ScrollTable.Number($"{Number(environments.IndexOf(stage.Record.Environment))}"),
                ScrollTable.Cell(stage.Record.IsKept ? "kept" : "computed"))));
    }

    private static string Number(int index) => (index + 1).ToString(CultureInfo.InvariantCulture);
}
