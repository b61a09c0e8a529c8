using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Graph.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Certificates;

public sealed class BallCertifierTests
{
    private const int Pixels = 3;
    private const double Near = 1e-3;
    private const double Far = 1e-2;

    [Theory]
    [InlineData(CertificateMethod.Interval, false)]
    [InlineData(CertificateMethod.CrownIbp, false)]
    [InlineData(CertificateMethod.FastLin, true)]
    [InlineData(CertificateMethod.Crown, true)]
    [InlineData(CertificateMethod.AlphaCrown, true)]
    public void What_an_attack_breaks_is_left_to_no_method_that_takes_long(CertificateMethod method, bool isAsked)
    {
        List<double> attacked = [];
        var (proven, _) = Prove(method, [Near], (_, _) => false);
        var (left, sample) = Prove(method, [Near], (_, radius) =>
        {
            attacked.Add(radius);
            return true;
        });

        Assert.Equal(Near, proven);
        Assert.Equal(isAsked ? 0 : Near, left);
        Assert.Equal(isAsked ? [Near] : [], attacked);
        Assert.Equal(isAsked ? Near : double.PositiveInfinity, sample.BrokenAt);
    }

    [Fact]
    public void A_sample_is_attacked_once_within_a_radius_and_in_none_around_one_that_is_broken()
    {
        List<double> attacked = [];
        var (radius, sample) = Prove(CertificateMethod.Complete, [Near, Far, 2 * Far, Near / 2], (_, epsilon) =>
        {
            attacked.Add(epsilon);
            return epsilon > Near;
        });

        Assert.Equal(Near, radius);
        Assert.Equal([Near, Far], attacked);
        Assert.Equal((Near, Far), (sample.WithstoodAt, sample.BrokenAt));
    }

    /// <summary>Tries radii one after the other.</summary>
    private static (double Radius, SampleCertificate Sample) Prove(
        CertificateMethod method, double[] epsilons, Func<int, double, bool> isBroken)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var (first, last) = (nn.Linear(Pixels, 4), nn.Linear(4, 2));
        nn.init.eye_(last.weight!);
        nn.init.constant_(first.weight!, 0.1);
        nn.init.zeros_(first.bias!);
        last.bias = nn.Parameter(tensor([1f, 0f]));
        var network = nn.Sequential(nn.Flatten(), first, nn.ReLU(), last);
        network.eval();
        var options = new CertificateOptions { Method = method, Norm = MarginNet.Attacks.AttackNorm.Linf };
        using var prover = LocalCertificates.Prover(ModuleReader.Read(network, new FeatureShape(Pixels, 1, 1)), options);
        var certifier = new BallCertifier(
            Pixels, indices => full([indices.Length, Pixels], 0.5, ScalarType.Float64), options, prover,
            part => Array.ConvertAll(part, each => isBroken(each.Sample.Index, each.Radius)), default);
        var sample = new SampleCertificate(0, 0, hasLead: true);
        foreach (var epsilon in epsilons)
        {
            certifier.Prove([sample], [epsilon]);
        }

        return (sample.Radius, sample);
    }
}
