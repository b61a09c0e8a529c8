namespace MarginNet.Models;

/// <summary>What comes before the first stage of a <see cref="ResNet18"/>.</summary>
public enum ResNetStem
{
    /// <summary>A 3×3 convolution of stride 1: for small images, such as CIFAR's.</summary>
    Small,

    /// <summary>A 7×7 convolution of stride 2 and 3×3 maxima of stride 2, as torchvision has it: for ImageNet's 224×224.</summary>
    Large,
}
