using System.Collections.Immutable;
using MarginNet.Cli.Options;
using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Training;

namespace MarginNet.Cli.Reproduction;

/// <summary>What is trained, and on what.</summary>
internal sealed record Preset
{
    /// <summary>The value of <c>--preset</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The network in words.</summary>
    public required string Network { get; init; }

    /// <summary>What else there is to say of the network of a run; with <see cref="Network"/> it takes part in what
    /// tells one training from another.</summary>
    public Func<TrainingOptions, string> NetworkDetail { get; init; } = _ => "";

    /// <summary>Makes a network with fresh weights from torch's global generator, for given training images,
    /// number of classes and options.</summary>
    public required Func<ImageSet, int, TrainingOptions, Classifier> CreateNetwork { get; init; }

    /// <summary>The networks, the baseline first: the attack follows its gradients.</summary>
    public required ImmutableArray<NetworkRun> Runs { get; init; }

    /// <summary>The data unless <c>--data</c> says otherwise. Default CIFAR-10.</summary>
    public string Data { get; init; } = DataOptions.Cifar;

    /// <summary>The most training images used; null, the default, for all.</summary>
    public int? MostTrain { get; init; }

    /// <summary>The most test images used; null, the default, for all.</summary>
    public int? MostTest { get; init; }
}
