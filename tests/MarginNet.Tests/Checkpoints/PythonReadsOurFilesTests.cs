using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

public sealed class PythonReadsOurFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PythonFact]
    public void PyTorch_reads_every_value_bit_for_bit()
    {
        var graph = Graphs.Everything();
        PyTorchFile.Write(_folder["m.pt"], graph);
        Assert.Equal(Shown.Text(graph), PythonFactAttribute.Run(Fixture.PathOf("show.py"), _folder["m.pt"]));
    }

    [PythonFact]
    public void PyTorch_reads_tensors_text_and_integers_with_weights_only()
    {
        var graph = Graphs.Everything();
        graph.Remove("doubles"); // PyTorch 1.13's restricted reader knows no floats.
        PyTorchFile.Write(_folder["m.pt"], graph);
        Assert.Equal(Shown.Text(graph), PythonFactAttribute.Run(Fixture.PathOf("show.py"), _folder["m.pt"], "--weights-only"));
    }

    [PythonFact]
    public void PyTorch_reads_numbers_written_as_tensors_with_weights_only()
    {
        PyTorchFile.Write(
            _folder["m.pt"], new Dictionary<string, object> { ["mu"] = 1.0, ["seed"] = 3 }, new() { NumbersAsTensors = true });
        Assert.Equal(
            "{\"mu\": torch.float64 [] 000000000000f03f, \"seed\": 3}",
            PythonFactAttribute.Run(Fixture.PathOf("show.py"), _folder["m.pt"], "--weights-only"));
    }
}
