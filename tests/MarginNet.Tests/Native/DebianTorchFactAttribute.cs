namespace MarginNet.Tests.Native;

/// <summary>A test with Debian's PyTorch 1.13.</summary>
internal sealed class DebianTorchFactAttribute : FactAttribute
{
    public const string Folder = "/usr/lib/python3/dist-packages/torch";

    public DebianTorchFactAttribute() =>
        Skip = File.Exists("/usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13") ? null : "Debian's PyTorch 1.13 is not installed (python3-torch).";
}
