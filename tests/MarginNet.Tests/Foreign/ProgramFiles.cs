using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

/// <summary>Programs that Fixtures/make_programs.py wrote with PyTorch, and what PyTorch makes of them.</summary>
internal static class ProgramFiles
{
    private static readonly Lazy<Dictionary<string, object?>> Kept =
        new(() => (Dictionary<string, object?>)PyTorchFile.Read(PathOf("programs.pt"))!);

    /// <summary>What a user who trusts them says of them.</summary>
    public static LoadOptions Trusted { get; } = new() { ImageSize = (16, 16), TrustTorchScript = true };

    public static string PathOf(string name) => ForeignFiles.Committed[name];

    /// <summary>Their images, shape [3, 3, 16, 16].</summary>
    public static Tensor Images() => ((StoredTensor)Kept.Value["images"]!).ToTensor();

    public static Tensor Expected(string name) => ((StoredTensor)Kept.Value[name]!).ToTensor();

    /// <summary>The largest difference between the scores of a model and PyTorch's.</summary>
    public static double Difference(MarginModel model, string name)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        return (model.Network.call(Images().narrow(1, 0, model.Channels)) - Expected(name)).abs().max().item<float>();
    }
}
