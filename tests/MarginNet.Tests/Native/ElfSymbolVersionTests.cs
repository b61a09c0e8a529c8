using MarginNet.Native;

namespace MarginNet.Tests.Native;

public sealed class ElfSymbolVersionTests
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Symbol = "_ZSt21ios_base_library_initv";

    private static readonly byte[] Image =
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so"));

    [Fact]
    public void Exactly_one_byte_changes_and_only_the_weak_flag_in_it()
    {
        var image = (byte[])Image.Clone();
        Assert.True(ElfSymbolVersion.TryMakeWeak(image, Version, Symbol));
        var changed = Enumerable.Range(0, image.Length).Where(i => image[i] != Image[i]).ToArray();
        Assert.Equal(Image[Assert.Single(changed)] | 2, image[changed[0]]);
    }

    [Theory]
    [InlineData(Version, "_ZSt4cout")] // Another symbol is bound to it.
    [InlineData("GLIBCXX_3.4", Symbol)] // Many symbols are bound to it.
    [InlineData("GLIBCXX_9.9", Symbol)] // The library does not need it.
    [InlineData("", Symbol)]
    public void Any_other_requirement_stays(string version, string symbol) => Unchanged(Image, version, symbol);

    [Fact]
    public void What_is_no_ELF_image_stays()
    {
        Unchanged([]);
        Unchanged("MZ"u8.ToArray());
        Unchanged(new byte[100]);
        Unchanged([.. Image[..4], 1, .. Image[5..]]); // 32-bit.
        Unchanged([.. Image[..5], 2, .. Image[6..]]); // Big-endian.
    }

    [Fact]
    public void An_image_cut_anywhere_stays()
    {
        for (var length = 0; length < Image.Length; length += 1 + (length / 4))
        {
            Unchanged(Image[..length]);
        }

        Unchanged(Image[..^1]);
    }

    [Fact]
    public void Damaged_headers_throw_nothing()
    {
        var random = new Random(1);
        var sections = (int)BitConverter.ToInt64(Image, 0x28);
        for (var i = 0; i < 500; i++)
        {
            var at = random.Next(2) == 0 ? random.Next(16, 64) : random.Next(sections, Image.Length);
            var image = (byte[])Image.Clone();
            image[at] = (byte)random.Next(256);
            Assert.Null(Record.Exception(() => ElfSymbolVersion.TryMakeWeak(image, Version, Symbol)));
        }
    }

    private static void Unchanged(byte[] original, string version = Version, string symbol = Symbol)
    {
        var image = (byte[])original.Clone();
        Assert.False(ElfSymbolVersion.TryMakeWeak(image, version, symbol));
        Assert.Equal(original, image);
    }
}
