using System.CommandLine;
using MarginNet.Attacks;

namespace MarginNet.Cli.Options;

/// <summary>Warns of an ε that was probably meant in steps of a byte, such as 8 for 8/255.</summary>
internal static class PixelDistanceWarning
{
    /// <param name="parsed">The command line, for where warnings go.</param>
    /// <param name="option">The option that gave the distance.</param>
    /// <param name="distance">The distance between images with pixels in [0, 1].</param>
    /// <param name="norm">How it is measured.</param>
    /// <param name="pixelCount">Numbers in an image, C·H·W; any in l∞.</param>
    public static void WarnOfDistance(this ParseResult parsed, string option, double distance, AttackNorm norm, long pixelCount)
    {
        var suspect = PixelDistance.SuspectFrom(norm, pixelCount);
        if (distance >= suspect)
        {
            var (name, why) = norm switch
            {
                AttackNorm.L2 => (" in l2", $"where {suspect:g2} is far"),
                AttackNorm.L1 => (" in l1", $"where {suspect:g3} is far"),
                _ => ("", "where a change by 1 makes any image of any other"),
            };
            parsed.Warn(FormattableString.Invariant(
                $"{option} is {distance:g6}{name}, but pixels are in [0, 1], {why}: write {distance:g6}/255 if steps of a byte are meant."));
        }
    }
}
