using MarginNet.Certificates;
using MarginNet.Lipschitz;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

/// <summary>Constants and radii are those that were computed before networks were graphs.</summary>
public sealed class LipschitzReferenceTests
{
    private const double Factorized = 4e-6; // Of larger matrices: a factorization that ends on one processor alone moves a bound by that.

    /// <summary>Of each network the constants L_∞, L₂ and L₀₁, the radius of one sample without rounding, and what rounding takes off it:
    /// by MarginNet before its graph, on an AMD EPYC with AVX2; of "dense", "gated" and "steps" since multipliers bound them
    /// (by other methods 0.217, 0.308 and 0.370 for L_∞).</summary>
    public static TheoryData<string, double, double, double, double, double> Expected => new()
    {
        { "resnet", 42.17639786612609, 52.85240036209314, 65.7643538053063, 0.010049023960095908, 0.010049023960095908 },
        { "resnet, large stem", 47.93495278964174, 60.068603397990444, 74.7434905395396, 0.008841807658957885, 0.008841807658957885 },
        { "resnet, scaled", 1054.4099466531566, 1321.3100090523324, 1644.1088451326634, 0.000401960958403835, 0.000401960958403835 },
        { "resnet, rectified", 35.80782604524783, 37.89290875678747, 46.03504766371432, 0.014355748514422747, 0.014355748514422747 },
        { "fastnet", 0.2135279307023479, 0.25051349543647383, 0.20650532017675535, 2.5272358121831084, 0.0038702737655902375 },
        { "lipnet", 0.7855820864575749, 0.9626548795954082, 1.3604048435685288, 0.5558577680580599, 0.00010441728061727495 },
        { "lipnet, scaled", 8.725289055529561, 9.000000000006954, 11.897894804003474, 0.060995518052910244, 9.603831566069865E-05 },
        { "dense", 0.15381210885568422, 0.20436058309726227, 0.25367251769569327, 2.742713679731823, 0.00044502253610190223 },
        { "gated", 0.25940659933153604, 0.301428716901687, 0.25940659933153604, 2.407947833882924, 0.00024321211488587124 },
        { "groups", 0.13742942209734355, 0.1684105598419506, 0.21256020201454365, 3.2116623491083804, 0.0013769490018051833 },
        { "steps", 0.3090358423922638, 0.3794855574326756, 0.4083992173748829, 1.489204434146865, 0.00016211860312420612 },
        { "pools", 1.7402852573437642, 2.2812809724580547, 2.534693509515401, 0.18805918149197617, 0.0001065391559826323 },
        { "averages", 0.2157565108653239, 0.2692349757055025, 0.37932368625113694, 2.168847386940333, 3.730630284248804E-05 },
        { "scales", 0.6374381191799138, 0.7945373537954443, 0.7299395276316526, 0.6841083380682234, 9.82898147781075E-05 },
    };

    [Theory]
    [MemberData(nameof(Expected))]
    public void Constants_and_radii_are_what_they_were(
        string name, double scores, double euclidean, double pair, double radius, double rounding)
    {
        using var inference = no_grad();
        var (network, input) = ReferenceNetworks.Create(name);
        using (network)
        {
            using var x = ReferenceNetworks.Input(input);
            var bounds = LipschitzBounds.Compute(network, input);
            float[] margins = [.. Enumerable.Range(0, bounds.ClassCount).Select(i => i == 1 ? 1 : 0.125f * i)];
            var certified = CertifiedRadius.Compute(margins, x.data<float>().ToArray(), bounds);
            AssertEqual(scores, bounds.Scores.Value, Factorized);
            AssertEqual(euclidean, bounds.Euclidean.Value, Factorized);
            AssertEqual(pair, bounds.Pair(0, 1).Value, Factorized);
            AssertEqual(radius, certified.RadiusBeforeRounding, Factorized);
            AssertEqual(rounding, certified.RadiusBeforeRounding - certified.Radius, Factorized);
        }
    }

    private static void AssertEqual(double expected, double found, double share) =>
        Assert.InRange(found, expected * (1 - share), expected * (1 + share));
}
