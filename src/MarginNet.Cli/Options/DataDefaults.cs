using System.Text.Json;
using MarginNet.Cli.Commands;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Options;

/// <summary>What data is loaded where the command line does not say.</summary>
/// <param name="Name">As <c>--data</c> has it.</param>
/// <param name="Size">The height and width of its images.</param>
/// <param name="Channels">Their channels.</param>
internal sealed record DataDefaults(string Name, (int Height, int Width) Size, int Channels)
{
    /// <summary>Where it is; null for nowhere in particular.</summary>
    public string? Directory { get; init; }

    /// <summary>How many training images were used, chosen as <c>--limit-train</c> does; null for all.</summary>
    public int? TrainCount { get; init; }

    /// <summary>Whether the training images are asked for, and so worth a note.</summary>
    public bool IsTrainUsed { get; init; }

    /// <summary>What the model remembers of its training.</summary>
    public IReadOnlyDictionary<string, object?> Settings { get; init; } = new Dictionary<string, object?>();

    /// <summary>What a model was trained on; its folder is told by the configuration that <c>marginnet train</c> wrote beside it.</summary>
    public static DataDefaults Of(MarginModel model, string path)
    {
        var training = model.Training;
        var count = training.GetValueOrDefault("train_count") is long trained
            && training.GetValueOrDefault("held_out_count") is long heldOut
            ? (int?)(trained + heldOut + (training.GetValueOrDefault(TrainingSettings.OtherLabels) as long? ?? 0))
            : null;
        return new(training.GetValueOrDefault("data") as string ?? DataOptions.Cifar, model.ImageSize, model.Channels)
        {
            Directory = FindDirectory(Path.ChangeExtension(path, ".config.json")),
            TrainCount = count > 0 ? count : null,
            Settings = training,
        };
    }

    private static string? FindDirectory(string configuration)
    {
        if (!File.Exists(configuration))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(configuration));
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("command", out var command) && command.ValueEquals("train")
                && document.RootElement.TryGetProperty("data-dir", out var found) && found.GetString() is { } directory
                && System.IO.Directory.Exists(directory)
                ? directory
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            return null; // It is a help where it is there, and nothing that has to be.
        }
    }
}
