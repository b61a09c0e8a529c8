using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Tests.Checkpoints;

/// <summary>Files as PyTorch 2.1 to 2.10 lays them out, put together by hand from what torch/serialization.py
/// and torch/_tensor.py write.</summary>
public sealed class NewerPyTorchTests
{
    private static readonly float[] Values = [1, 2, 3, 4, 5, 6];

    [Fact]
    public void The_entries_that_newer_versions_add_do_no_harm()
    {
        using var stream = WithNewerEntries(new TorchArchive(Pickle.Tensor(6, 0, [2, 3], [3, 1]))).ToStream();
        var tensor = Assert.IsType<StoredTensor>(PyTorchFile.Read(stream));
        Assert.Equal([2L, 3L], tensor.Shape.ToArray());
        Assert.Equal([1, 2, 3, 4, 5, 6], tensor.ToDoubles());
    }

    [Theory]
    [InlineData("torch")]
    [InlineData("torch.storage")]
    public void An_untyped_storage_takes_its_element_type_from_the_tensor(string module)
    {
        byte[] pickle =
        [
            .. Pickle.Global("torch._utils", "_rebuild_tensor_v3"), .. Pickle.Mark, .. Pickle.Storage("UntypedStorage", "0", 24, module),
            .. Pickle.Int(1),
            .. Pickle.Integers(2), .. Pickle.Integers(2), .. Pickle.False, .. Pickle.Global("collections", "OrderedDict"),
            .. Pickle.Raw(")R"),
            .. Pickle.Global("torch", "float32"), .. Pickle.Tuple, .. Pickle.Reduce,
        ];
        using var stream = WithNewerEntries(new TorchArchive(pickle)).ToStream();
        var tensor = Assert.IsType<StoredTensor>(PyTorchFile.Read(stream));
        Assert.Equal(ScalarType.Float32, tensor.Type);
        Assert.Equal([2, 4], tensor.ToDoubles());
    }

    [Fact]
    public void A_parameter_with_attributes_is_its_tensor()
    {
        byte[] pickle =
        [
            .. Pickle.Global("torch._utils", "_rebuild_parameter_with_state"), .. Pickle.Mark, .. Pickle.Tensor(6, 0, [6], [1]), 0x88,
            .. Pickle.Raw("}"), .. Pickle.Raw("}"), .. Pickle.Tuple, .. Pickle.Reduce,
        ];
        using var stream = WithNewerEntries(new TorchArchive(pickle)).ToStream();
        Assert.Equal([1, 2, 3, 4, 5, 6], Assert.IsType<StoredTensor>(PyTorchFile.Read(stream)).ToDoubles());
    }

    [Fact]
    public void A_tensor_with_a_pending_negation_is_refused_rather_than_read_with_the_wrong_sign()
    {
        var plain = Pickle.Tensor(6, 0, [6], [1]);
        byte[] negated = [.. plain[..^2], .. Pickle.Raw("}"), .. Pickle.Text("neg"), 0x88, .. Pickle.Raw("s"), .. plain[^2..]];
        using var stream = WithNewerEntries(new TorchArchive(negated)).ToStream();
        Assert.Contains(
            "resolve_neg", Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(stream)).Message, StringComparison.Ordinal);
    }

    private static TorchArchive WithNewerEntries(TorchArchive archive) => archive
        .Add(".format_version", "1"u8.ToArray())
        .Add(".storage_alignment", "64"u8.ToArray())
        .Add("byteorder", "little"u8.ToArray())
        .Add("data/0", [.. Values.SelectMany(BitConverter.GetBytes)])
        .Add("version", "3\n"u8.ToArray())
        .Add(".data/serialization_id", "1234567890123456789012345678901234567890"u8.ToArray());
}
