namespace MarginNet.Checkpoints;

/// <summary>Tensors among plain values.</summary>
internal static class PlainTensors
{
    public static StoredTensor Tensor(this PlainDictionary dictionary, string key) =>
        dictionary.Values.GetValueOrDefault(key) as StoredTensor ?? throw dictionary.Unexpected(key, "a tensor");
}
