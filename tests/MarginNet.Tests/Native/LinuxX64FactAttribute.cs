using System.Runtime.InteropServices;

namespace MarginNet.Tests.Native;

/// <summary>A test of what there is on Linux x64 alone.</summary>
internal sealed class LinuxX64FactAttribute : FactAttribute
{
    public LinuxX64FactAttribute()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            Skip = "This is not Linux on x64.";
        }
    }
}
