namespace MarginNet.Data;

/// <summary>What the data of a JPEG file lack, although it ends as it should.</summary>
/// <param name="MissingShare">The share of the picture, or of a pass over it, that no data are there for, in [0, 1].</param>
/// <param name="IsCoarse">Whether whole passes at the end of a progressive file are missing,
/// so that the picture is less fine than it was.</param>
internal readonly record struct JpegDamage(double MissingShare, bool IsCoarse)
{
    public bool IsNone => MissingShare == 0 && !IsCoarse;

    public override string ToString() => MissingShare > 0
        ? FormattableString.Invariant(
            $"is cut or damaged: {100 * MissingShare:f1} % of the picture is missing though the file has an end marker")
        : "is cut: the last passes of this progressive JPEG are missing, so that it is coarser than it was";
}
