using System.Runtime.InteropServices;

namespace MarginNet.GpuCheck;

/// <summary>Runs checks one after the other: one that breaks fails, and the others still run.</summary>
internal static class Check
{
    /// <summary>Prints what each check finds.</summary>
    /// <returns>The exit code: 1 if one failed.</returns>
    public static int Run(params ReadOnlySpan<(string Name, Func<IEnumerable<Finding>> Find)> checks)
    {
        var failed = false;
        foreach (var (name, find) in checks)
        {
            try
            {
                foreach (var finding in find())
                {
                    finding.Print();
                    failed |= finding.Verdict == "failed";
                }
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException or NotSupportedException or IOException
                or ExternalException or InvalidDataException or DllNotFoundException or TypeInitializationException
                or KeyNotFoundException or NotImplementedException)
            {
                Console.Error.WriteLine(e);
                new Finding(name, "failed") { Note = e.Message.Split('\n')[0] }.Print();
                failed = true;
            }
        }

        return failed ? 1 : 0;
    }
}
