namespace MarginNet.Export;

/// <summary>Whose code the weights of a ResNet-18 are to fit.</summary>
public enum WeightNames
{
    /// <summary>torchvision's: <c>downsample</c>, <c>fc</c>. As in a model file.</summary>
    Torchvision,

    /// <summary>kuangliu/pytorch-cifar's: <c>shortcut</c>, <c>linear</c>.
    /// Its ResNet18 takes the default width's weights as it is.</summary>
    PytorchCifar,
}
