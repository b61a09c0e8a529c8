using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

public sealed class PythonFilesTests
{
    [Theory]
    [InlineData("state_dict.pt")]
    [InlineData("checkpoint.pt")]
    [InlineData("tensors.pt")]
    [InlineData("protocol3.pt")]
    [InlineData("protocol4.pt")]
    [InlineData("protocol5.pt")]
    public void A_file_of_torch_save_reads_as_PyTorch_reads_it(string name) =>
        Assert.Equal(Fixture.Expected(name), Shown.Text(PyTorchFile.Read(Fixture.PathOf(name))));

    [Fact]
    public void A_state_dict_keeps_the_order_of_its_keys()
    {
        var state = Assert.IsType<Dictionary<string, object?>>(PyTorchFile.Read(Fixture.PathOf("state_dict.pt")));
        Assert.Equal(
            ["0.weight", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight", "2.bias"],
            state.Keys);
    }

    [Fact]
    public void Tied_weights_share_their_memory()
    {
        var tensors = (Dictionary<string, object?>)PyTorchFile.Read(Fixture.PathOf("tensors.pt"))!;
        Assert.True(((StoredTensor)tensors["tied_a"]!).Data.Equals(((StoredTensor)tensors["tied_b"]!).Data));
    }

    [Theory]
    [InlineData("hostile.pt", "posix.system")]
    [InlineData("sparse.pt", "torch._utils._rebuild_sparse_tensor")]
    [InlineData("whole_module.pt", "torch.nn.modules.linear.Linear")]
    [InlineData("complex.pt", "torch.ComplexFloatStorage")]
    [InlineData("legacy.pt", "before PyTorch 1.6")]
    [InlineData("torchscript.pt", "TorchScript")]
    [InlineData("bare_pickle.pt", "bare Python pickle")]
    [InlineData("other.zip.pt", "0 entries 'data.pkl'")]
    [InlineData("cyclic.pt", "nested deeper than 100")]
    [InlineData("laughs.pt", "unfolds to more than")]
    public void What_is_no_state_dict_is_refused_in_one_line_that_names_the_file_and_the_reason(string name, string reason)
    {
        var path = Fixture.PathOf(name);
        var message = Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void Reading_a_hostile_file_runs_nothing()
    {
        Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(Fixture.PathOf("hostile.pt")));
        Assert.False(File.Exists("hostile-was-here"));
    }
}
