using MarginNet.Export;
using MarginNet.Foreign;
using MarginNet.ModelFiles;

namespace MarginNet.Fuzz;

/// <summary>The calibration beside a model file of another program; that file is the same for all inputs.</summary>
internal static class ForeignCalibration
{
    private static readonly Lazy<(string Path, MarginModel Model)> Foreign = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("marginnet-fuzz-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        var path = Path.Combine(folder.FullName, "foreign.pt");
        File.WriteAllBytes(path, Seeds.Exported(".pt", (model, file) => ModelExport.ToStateDict(model, file)));
        return (path, MarginModel.Load(path, new LoadOptions { ImageSize = (12, 12) }));
    });

    public static byte[] Seed()
    {
        var (path, model) = Foreign.Value;
        model.NullModel = Seeds.NullModel();
        ModelCalibration.Write(path, model);
        return File.ReadAllBytes(CalibrationFile.PathFor(path));
    }

    public static void Read(string path) => ModelCalibration.Read(path, Foreign.Value.Path, Foreign.Value.Model);
}
