using static TorchSharp.torch;

namespace MarginNet.Data;

/// <summary>Where <see cref="Augmentation.RandomCropFlip"/> cuts its windows, one for each image.</summary>
/// <param name="Top">Their first rows in the padded image, int64 [N, 1].</param>
/// <param name="Left">Their first columns, int64 [N, 1].</param>
/// <param name="Mirrored">Which are mirrored, bool [N, 1]; null for none.</param>
internal sealed record CropFlipWindows(Tensor Top, Tensor Left, Tensor? Mirrored)
{
    /// <summary>Draws windows; their tensors belong to the dispose scope.</summary>
    public static CropFlipWindows Draw(long count, Generator generator, int padding, bool flip = true)
    {
        Tensor Draw(int values) => randint(0, values, [count, 1], dtype: ScalarType.Int64, generator: generator);
        var (top, left) = (Draw((2 * padding) + 1), Draw((2 * padding) + 1));
        return new(top, left, flip ? Draw(2).to(ScalarType.Bool) : null);
    }

    /// <summary>Those of some of the images.</summary>
    public CropFlipWindows Rows(long first, long count) =>
        new(Top.narrow(0, first, count), Left.narrow(0, first, count), Mirrored?.narrow(0, first, count));
}
