using System.Diagnostics;
using System.Globalization;
using MarginNet.Models;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>
/// Whether a program's scores are a function of one image: the same each time, and the same whatever images are scored with it. They are
/// not where dropout or batch normalisation were left in training mode, and then no margin means anything.
/// </summary>
internal static class ImageFunction
{
    private const int Images = 4;
    private const int MostRuns = 8; // Of chance that is rare, such as a block that is seldom left out.
    // Of the largest score: the same kernels add in another order, or are others once LibTorch has optimised a program.
    private const double RepeatTolerance = 1e-3;
    private const double BatchTolerance = 2e-2; // Other kernels at other batch sizes; programs that compute with 8 bits of a float.

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(0.2); // Beyond the least number of runs.

    /// <summary>Scores a few images again and again, in a batch and alone.</summary>
    /// <param name="network">The program.</param>
    /// <param name="channels">The channels of its images.</param>
    /// <param name="size">Their height and width.</param>
    /// <exception cref="InvalidDataException">The scores differ.</exception>
    public static void ThrowIfNot(Models.Classifier network, int channels, (int Height, int Width) size)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var trusted = new TrustedNetwork(network, NetworkUse.Scores);
        using var generator = new Generator(1);
        // The statistics of the batch are far from the first image's.
        var contrast = (arange(1, Images + 1, dtype: ScalarType.Float32) / Images).Squared().reshape(Images, 1, 1, 1);
        var images = rand([Images, channels, size.Height, size.Width], generator: generator) * contrast;
        var clock = Stopwatch.StartNew();
        var batch = trusted.Call(images);
        for (var run = 0; run < MostRuns && (run == 0 || clock.Elapsed < Time); run++)
        {
            if (Difference(batch, trusted.Call(images)) is > RepeatTolerance and var difference)
            {
                throw Refusal($"It gives the same images other scores each time, by {Percent(difference)} of the largest: dropout or " +
                    "another source of chance is left on");
            }
        }

        Tensor alone;
        try
        {
            alone = trusted.Call(images.narrow(0, 0, 1));
        }
        catch (Exception e) when (e is System.Runtime.InteropServices.ExternalException or Microsoft.ML.OnnxRuntime.OnnxRuntimeException)
        {
            throw Refusal($"It scores images in a batch but not one alone " +
                $"({Checkpoints.FileText.Show(LibTorchText.Reason(e.Message))}): batch normalisation may be left in training mode", e);
        }

        if (Difference(batch.narrow(0, 0, 1), alone) is > BatchTolerance and var other)
        {
            throw Refusal($"It gives an image other scores alone than in a batch, by {Percent(other)} of the largest: batch " +
                $"normalisation is left in training mode, or it computes something else over the whole batch");
        }
    }

    /// <summary>The refusal of a program that was exported in training mode.</summary>
    public static InvalidDataException Refusal(string what, Exception? inner = null) =>
        new($"{what}, so that its scores are no function of an image. Call model.eval() before torch.onnx.export or torch.jit.trace, " +
            $"and export it again.", inner);

    /// <summary>
    /// The largest difference as a share of the largest score; 0 where a score is not finite, which is told when scores are used.
    /// </summary>
    private static double Difference(Tensor expected, Tensor found)
    {
        using var scope = NewDisposeScope();
        var difference = ConvolutionCase.Difference(expected, found);
        return double.IsFinite(difference) ? difference : 0;
    }

    private static string Percent(double share) => share.ToString("p1", CultureInfo.InvariantCulture);
}
