using MarginNet.Margins;

namespace MarginNet.Serving;

/// <summary>What a model must be before it judges anything.</summary>
internal static class ModelCheck
{
    private const int Images = 3;
    private const double Tolerance = 1e-4; // Of the largest score; kernels round otherwise in other batches.

    /// <summary>Loads a model, and scores a few drawn images alone and in a batch.</summary>
    /// <exception cref="InvalidDataException">Its calibration is of something else than its margins, or its scores are not finite, no
    /// logits, or no function of one image.</exception>
    public static IServedModel Load(IModelLoader loader, MarginNetOptions options)
    {
        var model = loader.Load(options);
        try
        {
            ThrowIfMiscalibrated(model);
            ThrowIfNoFunctionOfAnImage(model, Math.Min(Images, options.MaxBatchSize));
            return model;
        }
        catch (Exception e)
        {
            model.Dispose();
            throw e is InvalidDataException ? new InvalidDataException($"'{options.Model}' cannot judge. {e.Message}", e) : e;
        }
    }

    private static void ThrowIfMiscalibrated(IServedModel model)
    {
        var (names, calibrated) = (model.Card.ClassNames.Length, model.NullModel.Classes.Length);
        if (names != calibrated)
        {
            throw new InvalidDataException($"It has {names} class names, but its calibration has {calibrated} classes.");
        }

        if (model.NullModel is not { Radii: null, Averaging: TestTimeAveraging.None, Precision: Precision.Float32 })
        {
            throw new InvalidDataException(
                "Its calibration is not of the margins of single images in float32: calibrate it without --tta, --precision and radii.");
        }
    }

    private static void ThrowIfNoFunctionOfAnImage(IServedModel model, int batch)
    {
        var (length, classes) = (model.Card.ImageLength, model.Card.ClassNames.Length);
        var random = new Random(Seed: 1);
        float[] images = [.. Enumerable.Range(0, Images * length).Select(_ => random.NextSingle())];
        float[] alone = [.. Enumerable.Range(0, Images).SelectMany(i => model.Score(images.AsSpan(i * length, length).ToArray(), 1))];
        if (alone.Length != Images * classes)
        {
            throw new InvalidDataException($"It gives {alone.Length} scores for {Images} images of {classes} classes.");
        }

        if (!Array.TrueForAll(alone, float.IsFinite))
        {
            throw new InvalidDataException("A score of a drawn image is not finite.");
        }

        if (ScoreKinds.Guess(new ScoreMatrix(alone, classes)) == ScoreKind.Probabilities)
        {
            throw new InvalidDataException(
                "Its scores are probabilities, whose differences are no margins: export it without the softmax.");
        }

        var together = model.Score(images.AsMemory(0, batch * length), batch);
        var bound = Tolerance * alone.Max(MathF.Abs);
        if (together.Length != batch * classes || together.Zip(alone).Any(pair => !(MathF.Abs(pair.First - pair.Second) <= bound)))
        {
            throw new InvalidDataException(
                "The scores of an image depend on the others of its batch, or change from one time to the next: export it in evaluation "
                + $"mode, or set {MarginNetOptions.Section}:MaxBatchSize to 1.");
        }
    }
}
