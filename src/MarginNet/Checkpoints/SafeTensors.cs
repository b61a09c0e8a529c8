namespace MarginNet.Checkpoints;

/// <summary>What a safetensors file holds.</summary>
public sealed record SafeTensors
{
    /// <summary>The tensors by name, in the order of the file's header.</summary>
    public required IReadOnlyDictionary<string, StoredTensor> Tensors { get; init; }

    /// <summary>Texts by name, <c>__metadata__</c> in the file. Default: none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}
