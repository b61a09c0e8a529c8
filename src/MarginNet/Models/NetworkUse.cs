namespace MarginNet.Models;

/// <summary>What is computed of a network.</summary>
internal enum NetworkUse
{
    /// <summary>Scores alone.</summary>
    Scores,

    /// <summary>Gradients in the images, too.</summary>
    ImageGradients,

    /// <summary>Gradients in the parameters, too.</summary>
    Training,
}
