namespace MarginNet.Cli.Output;

/// <summary>Tells how far an attack is, a line for every tenth of the images.</summary>
internal sealed class AttackDisplay(TextWriter error, int count) : IProgress<int>
{
    private int _tenths;

    public void Report(int value)
    {
        var tenths = (int)(10L * value / count);
        if (tenths > _tenths && tenths < 10)
        {
            error.WriteLine(FormattableString.Invariant($"attacked {value} of {count} images"));
        }

        _tenths = tenths;
    }
}
