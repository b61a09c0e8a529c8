namespace MarginNet.Data;

/// <summary>A 32×32 RGB drawing surface with soft edges, in double precision; reused from image to image.</summary>
internal sealed class ShapeCanvas
{
    public const int Side = 32;
    private const int Plane = Side * Side;

    private readonly double[] _pixels = new double[3 * Plane];

    /// <summary>Covers everything with a linear shading from one colour to another along a unit vector.</summary>
    public void Fill((double R, double G, double B) from, (double R, double G, double B) to, (double X, double Y) direction)
    {
        for (var i = 0; i < Plane; i++)
        {
            var (x, y) = ((i % Side) - (Side / 2), (i / Side) - (Side / 2));
            var t = 0.5 + (((x * direction.X) + (y * direction.Y)) / Side);
            _pixels[i] = from.R + (t * (to.R - from.R));
            _pixels[Plane + i] = from.G + (t * (to.G - from.G));
            _pixels[(2 * Plane) + i] = from.B + (t * (to.B - from.B));
        }
    }

    /// <summary>Draws the outline in between two shapes: the first where blend is 0, half-way where it is 1/2.</summary>
    public void DrawShape(
        (int First, int Second, double Blend) shape, (double X, double Y) centre, (double X, double Y) turn, double radius, double stretch,
        (double R, double G, double B) colour, double opacity)
    {
        var (first, second, blend) = shape;
        Draw(centre, (radius * Math.Max(stretch, 1 / stretch) * 1.3) + 1, colour, opacity, (x, y) =>
        {
            var u = ((x * turn.X) + (y * turn.Y)) / (radius * stretch);
            var v = ((x * turn.Y) - (y * turn.X)) * stretch / radius; // upwards, while rows count downwards
            var distance = ShapeOutline.Distance(first, u, v);
            return radius * (blend == 0 ? distance : ((1 - blend) * distance) + (blend * ShapeOutline.Distance(second, u, v)));
        });
    }

    /// <summary>Draws a straight stroke with round ends.</summary>
    public void DrawStroke(
        (double X, double Y) centre, (double X, double Y) direction, double halfLength, double halfWidth,
        (double R, double G, double B) colour) =>
        Draw(
            centre, halfLength + halfWidth + 1, colour, 1,
            (x, y) => ShapeOutline.Stroke(x, y, direction.X, direction.Y, halfLength) - halfWidth);

    /// <summary>Returns the image as bytes, shape [3, H, W], with noise of triangular distribution on ±<paramref name="noise"/>.</summary>
    public byte[] ToBytes(double noise, ref SplitMix64 random)
    {
        const double UnitOf32Bits = 1.0 / (1L << 32);
        var bytes = new byte[_pixels.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            var bits = random.NextUInt64();
            var triangular = ((long)(uint)bits - (uint)(bits >> 32)) * UnitOf32Bits;
            bytes[i] = (byte)Math.Clamp(_pixels[i] + (noise * triangular) + 0.5, 0, 255);
        }

        return bytes;
    }

    /// <summary>Paints where the signed distance, in pixels from the centre, is negative; a pixel on the edge is covered in part.</summary>
    private void Draw(
        (double X, double Y) centre, double reach, (double R, double G, double B) colour, double opacity,
        Func<double, double, double> distance)
    {
        var (left, right) = Window(centre.X, reach);
        var (top, bottom) = Window(centre.Y, reach);
        for (var row = top; row < bottom; row++)
        {
            for (var column = left; column < right; column++)
            {
                var cover = opacity * Math.Clamp(0.5 - distance(column + 0.5 - centre.X, row + 0.5 - centre.Y), 0, 1);
                var i = (row * Side) + column;
                _pixels[i] += cover * (colour.R - _pixels[i]);
                _pixels[Plane + i] += cover * (colour.G - _pixels[Plane + i]);
                _pixels[(2 * Plane) + i] += cover * (colour.B - _pixels[(2 * Plane) + i]);
            }
        }
    }

    private static (int From, int To) Window(double centre, double reach) =>
        ((int)Math.Clamp(centre - reach, 0, Side), (int)Math.Clamp(centre + reach + 1, 0, Side));
}
