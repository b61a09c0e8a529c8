using System.Numerics;

namespace MarginNet.PValues;

/// <summary>The standard normal distribution; its tails to about 1e-13 relative down to the smallest numbers.</summary>
internal static class Normal
{
    /// <summary>(log 2π)/2, the negative logarithm of the density at 0.</summary>
    public const double HalfLogTwoPi = 0.91893853320467274178;

    // Where u = 0. About the best choice for a polynomial in u, as 3.75 √2 is in Shepherd and Laframboise.
    private const double Centre = 5.5;
    private const double Vanishing = 39; // 1 − Φ(z) is below the smallest double

    /// <summary>Computes Φ(z).</summary>
    public static double LowerTail(double z)
    {
        var tail = UpperTail(new Vector<double>(Math.Abs(z)))[0];
        return z < 0 ? tail : 1 - tail;
    }

    /// <summary>Computes 1 − Φ(z) for z ≥ 0 (Shepherd and Laframboise 1981, Chebyshev approximation of (1 + 2x) exp(x²) erfc(x)).</summary>
    public static Vector<double> UpperTail(Vector<double> z)
    {
        z = Vector.Min(z, new Vector<double>(Vanishing));
        var centre = new Vector<double>(Centre);
        var reciprocal = Vector<double>.One / (z + centre);
        var u = (z - centre) * reciprocal;
        return Vector.Exp(z * z * -0.5) * Polynomial(u) * reciprocal;
    }

    /// <summary>
    /// (z + c) exp(z²/2) (1 − Φ(z)) as a polynomial in u = (z − c)/(z + c), relative error 5e-16:
    /// interpolated at the Chebyshev points with 60 digits.
    /// Even and odd powers are summed side by side, which halves the wait for each product.
    /// </summary>
    private static Vector<double> Polynomial(Vector<double> u)
    {
        var square = u * u;
        var even = new Vector<double>(6.27526177836524e-10);
        var odd = new Vector<double>(-1.4270575873081903e-09);
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(-7.480539179912658e-09));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(1.8838657266329626e-08));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(5.242071866032022e-08));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(-1.7119959856106512e-07));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(-2.690710473582149e-07));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(1.4781473526388254e-06));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(4.467022739827017e-07));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(-1.2115687203731879e-05));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(1.6319996316326574e-05));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(7.141368423044527e-05));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(-0.00032452269086963135));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(0.00026960427246933556));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(0.002442982686037974));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(-0.013923510604434685));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(0.04509758081334374));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(-0.10970308995562769));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(0.21787243285805646));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(-0.36704906529373427));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(0.5355964890624925));
        odd = Vector.FusedMultiplyAdd(odd, square, new Vector<double>(-0.6851834205743369));
        even = Vector.FusedMultiplyAdd(even, square, new Vector<double>(0.7737696342764068));
        return Vector.FusedMultiplyAdd(odd, u, even);
    }
}
