using System.Globalization;
using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Foreign;

/// <summary>Models that Fixtures/make_fixtures.py wrote with PyTorch, and what PyTorch makes of them.</summary>
internal sealed class ForeignFiles(string folder)
{
    public const double Tolerance = 1e-5; // Two builds of LibTorch add float32 products in different orders.

    public static readonly ForeignFiles Committed = new(Path.Combine(AppContext.BaseDirectory, "Foreign", "Fixtures"));

    private readonly Lazy<Dictionary<string, object?>> _expected =
        new(() => (Dictionary<string, object?>)PyTorchFile.Read(Path.Combine(folder, "expected.pt"))!);

    /// <summary>How the networks on small images were fed.</summary>
    public static LoadOptions Trained { get; } = new()
    {
        Normalization = new ResNetOptions().Normalization,
        ImageSize = (16, 16),
        TrustTorchScript = true,
    };

    public static LoadOptions For(string name) => name == "torchvision.pt" ? new() : Trained;

    public string this[string name] => Path.Combine(folder, name);

    /// <summary>Makes them anew in another folder, of other weights.</summary>
    public static ForeignFiles MakeIn(string folder, int seed)
    {
        PythonFactAttribute.Run(Committed["make_fixtures.py"], folder, seed.ToString(CultureInfo.InvariantCulture));
        return new(folder);
    }

    public Tensor Expected(string name) => ((StoredTensor)_expected.Value[name]!).ToTensor();

    public Tensor Images(string name) => Expected(name == "torchvision.pt" ? "large_images" : "small_images");

    /// <summary>The largest difference between the scores of a model file and PyTorch's.</summary>
    public double Difference(string name, string expected)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var model = MarginModel.Load(this[name], For(name));
        return (model.Network.call(Images(name)) - Expected(expected)).abs().max().item<float>();
    }
}
