namespace MarginNet.Cli.Tests;

/// <summary>A test that needs the signals and devices of Linux.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute()
    {
        if (!OperatingSystem.IsLinux())
        {
            Skip = "Needs Linux's signals and devices.";
        }
    }
}
