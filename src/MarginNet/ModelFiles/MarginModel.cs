using System.Collections.Immutable;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Foreign;
using MarginNet.Margins;
using MarginNet.Models;
using MarginNet.PValues;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.ModelFiles;

/// <summary>
/// A trained network with what is needed to use it: its class names, the size of its images, how it was trained, and the null
/// model of its margins. Kept in one file, a PyTorch checkpoint.
/// </summary>
/// <remarks>
/// The file is a dictionary that <c>torch.load(path, weights_only=True)</c> opens; <c>["state_dict"]</c> is the network's, with
/// torchvision's names where the network is torchvision's. Reading it runs no code, save that of a TorchScript program that it
/// may hold, if <see cref="LoadOptions.TrustTorchScript"/> allows it. Numbers with a fraction are stored as scalar tensors,
/// for PyTorch 1.13.
/// <para>
/// Any number of threads may score on one model at once, each with the scores that it would have alone, as long as none trains,
/// attacks or moves it. What they get are numbers of their own, which outlive the model; dispose it when the last one is done.
/// </para>
/// </remarks>
public sealed class MarginModel : IDisposable
{
    /// <summary>Joins a network with its description.</summary>
    /// <param name="network">The network; disposed with this object.</param>
    /// <param name="classNames">The name of each class, as many as the network has.</param>
    /// <param name="imageSize">Height and width of its images, in pixels.</param>
    /// <exception cref="ArgumentException">There is not one name for each class.</exception>
    public MarginModel(Classifier network, ImmutableArray<string> classNames, (int Height, int Width) imageSize)
    {
        if (classNames.Length != network.Options.ClassCount)
        {
            throw new ArgumentException(
                $"Expected {network.Options.ClassCount} class names, but got {classNames.Length}.", nameof(classNames));
        }

        (Network, ClassNames, ImageSize) = (network, classNames, imageSize);
    }

    /// <summary>The network.</summary>
    public Classifier Network { get; }

    /// <summary>The name of each class.</summary>
    public ImmutableArray<string> ClassNames { get; private set; }

    /// <summary>Height and width of the images the network was trained on, in pixels.</summary>
    public (int Height, int Width) ImageSize { get; }

    /// <summary>The channels of its images: 1 for grey, 3 for RGB, or as many as the network takes.</summary>
    public int Channels => Network.Options.Normalization.Mean.Length;

    /// <summary>Which of a foreign file's networks or outputs was asked for; null for the only or the usual one.</summary>
    internal string? Part { get; init; }

    /// <summary>The SHA-256 of the program that it was read from, with all its weights; null of other models.</summary>
    internal byte[]? ProgramDigest { get; init; }

    /// <summary>Where it computes.</summary>
    public Device Device => Network.Device();

    /// <summary>The null model of its margins, by which p-values are computed; null before calibration.</summary>
    public MarginNullModel? NullModel { get; set; }

    /// <summary>Whether it was read from a file of another program, which cannot hold the null model.</summary>
    public bool IsForeign { get; internal set; }

    /// <summary>
    /// What was taken for granted when a file of another program was read, a sentence each, such as which of its outputs has the
    /// scores. Empty for a file of this library.
    /// </summary>
    public ImmutableArray<string> Notes { get; internal init; } = [];

    /// <summary>The names of what a file of another program holds beside the network, such as an optimizer; it is not kept.</summary>
    public ImmutableArray<string> LeftOut { get; internal init; } = [];

    /// <summary>How it was trained: settings by name, plain values only.</summary>
    public Dictionary<string, object?> Training { get; init; } = [];

    /// <summary>What was measured at the end of training: figures by name, plain values only.</summary>
    public Dictionary<string, object?> Metrics { get; init; } = [];

    /// <summary>Reads a model file.</summary>
    /// <param name="path">A file that <see cref="Save"/> wrote, or one of another program
    /// as <see cref="Load(string, LoadOptions, Device?)"/> takes.</param>
    /// <param name="device">Where the network is to live; null for the CPU.</param>
    /// <returns>The model, its network in evaluation mode; the caller disposes it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or no model that can be used.</exception>
    public static MarginModel Load(string path, Device? device = null) => Load(path, new(), device);

    /// <summary>
    /// Reads a model file of this library or of another program, whichever its content says: a PyTorch state dict of a ResNet-18 in
    /// torchvision's or kuangliu/pytorch-cifar's naming, of any width, alone or anywhere in the checkpoint of a training script; the same
    /// as safetensors; a TorchScript archive or an ONNX model of any architecture, whose scores must be a function of one image: a few are
    /// scored to see it. Its calibration is read as well: see <see cref="CalibrationFile"/>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What a file of another program does not say, and what is allowed.</param>
    /// <param name="device">Where the network is to live; null for the CPU.</param>
    /// <returns>The model, its network in evaluation mode; the caller disposes it.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or no model that can be used.</exception>
    public static MarginModel Load(string path, LoadOptions options, Device? device = null)
    {
        var model = ModelFile.Read(path, options);
        model.Network.to(device ?? CPU);
        model.Network.eval();
        return model;
    }

    /// <summary>Computes the scores of every image; see <see cref="Scoring"/>.</summary>
    /// <param name="images">At least one image, of <see cref="ImageSize"/>.</param>
    /// <param name="batchSize">Images in one pass. Default <see cref="Scoring.DefaultBatchSize"/>.</param>
    /// <param name="progress">Told the number of images scored so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>The scores, row i for image i.</returns>
    /// <exception cref="ArgumentException">There is no image.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public ScoreMatrix Score(
        ImageSet images, int batchSize = Scoring.DefaultBatchSize, IProgress<int>? progress = null,
        CancellationToken cancellation = default) =>
        Network.Score(images, batchSize, progress, cancellation);

    /// <summary>Computes the scores of one image.</summary>
    /// <param name="pixels">Its pixels, shape [channels, height, width] of <see cref="ImageSize"/>, in [0, 1].</param>
    /// <returns>The scores, shape [C].</returns>
    /// <exception cref="ArgumentException">There are not as many pixels as its images have.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    public float[] Score(ReadOnlySpan<float> pixels)
    {
        var (channels, height, width) = (Channels, ImageSize.Height, ImageSize.Width);
        return pixels.Length == channels * height * width
            ? new ImageArray(pixels.ToArray(), channels, height, width).Score(Network)[0].ToArray()
            : throw new ArgumentException($"Expected {channels}×{height}×{width} pixels, but got {pixels.Length}.", nameof(pixels));
    }

    /// <summary>Names the classes, such as those of a program that the data names and the program does not.</summary>
    /// <param name="classNames">The name of each class, as many as the network has.</param>
    /// <exception cref="ArgumentException">There is not one name for each class.</exception>
    public void NameClasses(ImmutableArray<string> classNames) => ClassNames = classNames.Length == Network.Options.ClassCount
        ? classNames
        : throw new ArgumentException($"Expected {Network.Options.ClassCount} class names, but got " +
            $"{classNames.Length}.", nameof(classNames));

    /// <summary>Writes the model file, whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.pt</c>.</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public void Save(string path) => PyTorchFile.Write(path, MarginModelFormat.ToGraph(this), new() { NumbersAsTensors = true });

    /// <summary>
    /// Keeps the null model for the next <see cref="Load(string, LoadOptions, Device?)"/>: in the model file, or where another
    /// program wrote it in the <see cref="CalibrationFile"/> beside it.
    /// </summary>
    /// <param name="path">The file that the model was read from, or for a model made here any.</param>
    /// <returns>The file written.</returns>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public string SaveCalibration(string path)
    {
        if (!IsForeign)
        {
            Save(path);
            return path;
        }

        ModelCalibration.Write(path, this);
        return CalibrationFile.PathFor(path);
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => Network.Dispose();
}
