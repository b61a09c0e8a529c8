namespace MarginNet.ModelFiles;

/// <summary>What wrote a model file.</summary>
internal enum ModelFileKind
{
    /// <summary>torch.save, or what is to be refused as if it were.</summary>
    PyTorch,

    TorchScript,
    SafeTensors,
    Onnx,
}
