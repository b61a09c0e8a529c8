namespace MarginNet.Data;

/// <summary>
/// Signed distances to the outlines of ten plane shapes of radius about 1, negative inside. Only + − × ÷ and square roots, which
/// IEEE 754 rounds exactly, so that every platform computes the same bits.
/// </summary>
internal static class ShapeOutline
{
    private const double Sin60 = 0.8660254037844386;
    private const double Cos72 = 0.3090169943749474, Sin72 = 0.9510565162951535;
    private const double Cos36 = 0.8090169943749475, Sin36 = 0.5877852522924731;
    private const double Notch = 0.42; // inner radius of the star

    // Vertices x, y in order round the outline.
    private static readonly double[] Arrow = [1, 0, 0.1, 0.85, 0.1, 0.3, -1, 0.3, -1, -0.3, 0.1, -0.3, 0.1, -0.85];
    private static readonly double[] Cross =
        [0.32, 0.95, -0.32, 0.95, -0.32, 0.32, -0.95, 0.32, -0.95, -0.32, -0.32, -0.32, -0.32, -0.95, 0.32, -0.95, 0.32, -0.32, 0.95, -0.32, 0.95, 0.32, 0.32, 0.32];

    private static readonly double[] Heart =
        [0, -1, 0.45, -0.6, 0.82, -0.15, 0.95, 0.25, 0.88, 0.62, 0.62, 0.82, 0.32, 0.78, 0.1, 0.58, 0, 0.35,
         -0.1, 0.58, -0.32, 0.78, -0.62, 0.82, -0.88, 0.62, -0.95, 0.25, -0.82, -0.15, -0.45, -0.6];

    private static readonly double[] Hexagon = [1, 0, 0.5, Sin60, -0.5, Sin60, -1, 0, -0.5, -Sin60, 0.5, -Sin60];
    private static readonly double[] Square = [0.8, 0.8, -0.8, 0.8, -0.8, -0.8, 0.8, -0.8];
    private static readonly double[] Star =
        [1, 0, Notch * Cos36, Notch * Sin36, Cos72, Sin72, -Notch * Cos72, Notch * Sin72, -Cos36, Sin36, -Notch, 0,
         -Cos36, -Sin36, -Notch * Cos72, -Notch * Sin72, Cos72, -Sin72, Notch * Cos36, -Notch * Sin36];

    private static readonly double[] Triangle = [0, 1, -Sin60, -0.5, Sin60, -0.5];

    /// <summary>Returns the distance from (x, y) to the outline of shape <paramref name="label"/>,
    /// in the order of <see cref="SyntheticShapes.ClassNames"/>.</summary>
    public static double Distance(int label, double x, double y) => label switch
    {
        0 => Polygon(Arrow, x, y),
        1 => Math.Max(Disc(x, y, 1), -Disc(x - 0.5, y, 0.85)),
        2 => Polygon(Cross, x, y),
        3 => Disc(x, y, 0.9),
        4 => Polygon(Heart, x, y),
        5 => Polygon(Hexagon, x, y),
        6 => Math.Abs(Disc(x, y, 0.72)) - 0.24,
        7 => Polygon(Square, x, y),
        8 => Polygon(Star, x, y),
        _ => Polygon(Triangle, x, y),
    };

    /// <summary>Returns the distance from (x, y) to the straight line of unit direction (dx, dy) through the origin,
    /// cut off at <paramref name="halfLength"/>.</summary>
    public static double Stroke(double x, double y, double dx, double dy, double halfLength)
    {
        var along = Math.Clamp((x * dx) + (y * dy), -halfLength, halfLength);
        return Disc(x - (along * dx), y - (along * dy), 0);
    }

    private static double Disc(double x, double y, double radius) => Math.Sqrt((x * x) + (y * y)) - radius;

    private static double Polygon(ReadOnlySpan<double> vertices, double x, double y)
    {
        var (nearest, isInside) = (double.PositiveInfinity, false);
        var (px, py) = (vertices[^2], vertices[^1]);
        for (var i = 0; i < vertices.Length; i += 2)
        {
            var (qx, qy) = (vertices[i], vertices[i + 1]);
            var (ex, ey, wx, wy) = (qx - px, qy - py, x - px, y - py);
            var t = Math.Clamp(((wx * ex) + (wy * ey)) / ((ex * ex) + (ey * ey)), 0, 1);
            var (rx, ry) = (wx - (t * ex), wy - (t * ey));
            nearest = Math.Min(nearest, (rx * rx) + (ry * ry));
            isInside ^= (py > y) != (qy > y) && wx < ex * wy / ey; // a ray to the right crosses this edge
            (px, py) = (qx, qy);
        }

        return isInside ? -Math.Sqrt(nearest) : Math.Sqrt(nearest);
    }
}
