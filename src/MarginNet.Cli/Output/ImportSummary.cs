using System.Text.Json;
using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Output;

/// <summary>What an imported file turned out to be, as text and as JSON.</summary>
/// <param name="model">What was imported.</param>
/// <param name="source">The file of the other program.</param>
/// <param name="file">The model file made of it.</param>
internal sealed class ImportSummary(MarginModel model, string source, string file)
{
    private const int NamesShown = 3;
    private const int LeftOutShown = 8;

    private string Architecture => model.Network switch
    {
        ResNet18 network =>
            $"ResNet-18 of width {network.Width}, {(((ResNetOptions)network.Options).Stem == ResNetStem.Large ? "stem 7x7" : "stem 3x3")}",
        GraphNetwork network => $"ONNX, {network.OperationCount} layers",
        { IsDifferentiable: true } => "TorchScript",
        _ => "ONNX, which gives scores without gradients",
    };

    public void Write(TextWriter output)
    {
        var ((height, width), normalization, names) = (model.ImageSize, model.Network.Options.Normalization, model.ClassNames);
        var isPlain = normalization.StandardDeviation.All(deviation => deviation == 1) && normalization.Mean.All(mean => mean == 0);
        output.WriteLine($"imported    {source}: {Architecture}");
        output.WriteLine(
            $"images      {normalization.Mean.Length}x{height}x{width}, {(isPlain ? "pixels in [0,1] as they are" : "normalized")}");
        output.WriteLine(
            $"classes     {names.Length}: {string.Join(", ", names.Take(NamesShown))}{(names.Length > NamesShown ? ", ..." : "")}");
        if (!model.LeftOut.IsEmpty)
        {
            var more = model.LeftOut.Length > LeftOutShown ? $", ... ({model.LeftOut.Length} in all)" : "";
            output.WriteLine($"left out    {string.Join(", ", model.LeftOut.Take(LeftOutShown))}{more}: no part of the network");
        }

        output.WriteLine($"written     {file}");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteString("imported_from", source);
        json.WriteString("network", Architecture);
        ModelJson.Write(json, model);
        ModelJson.Write(json, "left_out", model.LeftOut);
        ModelJson.Write(json, "notes", model.Notes);
        json.WriteEndObject();
    }
}
