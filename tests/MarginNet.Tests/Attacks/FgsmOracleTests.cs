using System.Globalization;
using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Attacks;

public sealed class FgsmOracleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_attacked_images_of_a_small_network_are_those_of_PyTorch()
    {
        using var scope = NewDisposeScope();
        var network = nn.Sequential(nn.Flatten(), nn.Linear(18, 8), nn.Tanh(), nn.Linear(8, 4)).to(float64);
        using (no_grad())
        {
            foreach (var parameter in network.parameters())
            {
                parameter.copy_((1 + arange(parameter.numel(), dtype: float64).square()).sin().reshape(parameter.shape));
            }
        }

        var images = (0.5 + (0.5 * (0.7 * arange(3 * 18, dtype: float64)).sin())).reshape(3, 2, 3, 3);
        var attacked = Fgsm.Perturb(network, images, tensor(new long[] { 0, 3, 1 }), 0.05);
        var expected = Parse(File.ReadAllText(Fixture("fgsm.txt")));
        Assert.Equal(expected.Length, attacked.numel());
        Assert.All(attacked.data<double>().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6));
        Assert.True((attacked - images).abs().max().item<double>() > 0.049);
    }

    [PythonFact]
    public void The_kept_values_are_what_PyTorch_says() =>
        Assert.All(
            Parse(PythonFactAttribute.Run(Fixture("fgsm.py"))).Zip(Parse(File.ReadAllText(Fixture("fgsm.txt")))),
            pair => Assert.Equal(pair.Second, pair.First, 1e-12));

    [PythonFact]
    public void The_attacked_images_of_a_residual_network_are_those_of_PyTorch()
    {
        manual_seed(53);
        var images = SyntheticShapes.Create(0, 4).Test;
        using var model = new MarginModel(
            new ResNet18(new() { Width = 4 }), [.. Enumerable.Range(0, 10).Select(c => $"class {c}")], (images.Height, images.Width));
        model.Save(_folder["m.pt"]);
        using var clean = images.ToTensor([0, 1, 2, 3]);
        using var labels = images.LabelTensor([0, 1, 2, 3]);
        new ImageArray([.. clean.data<float>()], 3, images.Height, images.Width).Save(_folder["x.npy"]);
        ArrayFile.WriteLabels(_folder["y.npy"], images.Labels);
        PythonFactAttribute.Run(Fixture("fgsm.py"), _folder["m.pt"], _folder["x.npy"], _folder["y.npy"], _folder["theirs.npy"]);

        model.Network.to(float64); // In float32 the sign of a gradient near 0 depends on the order of sums.
        using var precise = clean.to(float64);
        using var ours = Fgsm.Perturb(model.Network, precise, labels, 0.1);
        using var theirs = ImageArray.Read(_folder["theirs.npy"]).ToTensor();
        Assert.True((ours - theirs).abs().max().item<double>() < 1e-6);
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Attacks", "Fixtures", name);

    private static double[] Parse(string text) =>
        [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
}
