using System.Runtime.InteropServices;
using MarginNet.Native;

namespace MarginNet.Tests.Native;

public sealed class EmptyLibraryTests
{
    [LinuxX64Fact]
    public void Once_loaded_it_answers_to_its_name_and_has_nothing_in_it()
    {
        var name = $"libmarginnet-test-{Environment.ProcessId}.so";
        Assert.False(NativeLibrary.TryLoad(name, out _));
        MemoryLibrary.Load(EmptyLibrary.Make(name), "other.so");
        Assert.True(NativeLibrary.TryLoad(name, out var library));
        Assert.False(NativeLibrary.TryGetExport(library, "anything", out _));
    }

    [LinuxX64Fact]
    public void Two_of_them_are_two()
    {
        var first = MemoryLibrary.Load(EmptyLibrary.Make("libmarginnet-test-one.so"), "one.so");
        var second = MemoryLibrary.Load(EmptyLibrary.Make("libmarginnet-test-two.so"), "two.so");
        Assert.NotEqual(first, second);
        Assert.True(NativeLibrary.TryLoad("libmarginnet-test-two.so", out var found));
        Assert.Equal(second, found);
    }
}
