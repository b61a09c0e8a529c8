using MarginNet.ModelFiles;

namespace MarginNet.Serving;

/// <summary>What changes with a model file or with the calibration beside it.</summary>
internal readonly record struct ModelStamp
{
    private readonly (long Length, DateTime Written) _model;
    private readonly (long Length, DateTime Written) _calibration;

    /// <param name="path">The model file.</param>
    public ModelStamp(string path) => (_model, _calibration) = (Look(path), Look(CalibrationFile.PathFor(path)));

    private static (long Length, DateTime Written) Look(string path) =>
        new FileInfo(path) is { Exists: true } file ? (file.Length, file.LastWriteTimeUtc) : default;
}
