using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_file_has_the_content_and_no_temporary_file_stays()
    {
        AtomicFile.Write(_folder["a.bin"], stream => stream.Write([1, 2, 3]));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(_folder["a.bin"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Until_the_last_byte_is_written_the_old_file_is_there()
    {
        var path = Existing();
        AtomicFile.Write(path, stream =>
        {
            stream.Write([9]);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(path));
        });
        Assert.Equal([9], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_failing_write_keeps_the_old_file_and_removes_the_temporary_one()
    {
        var path = Existing();
        Assert.Throws<OperationCanceledException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[1 << 20]);
            throw new OperationCanceledException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void The_replaced_file_can_be_kept_and_a_failing_write_replaces_none()
    {
        var (path, kept) = (Existing(), _folder["kept.pt"]);
        Assert.Throws<OperationCanceledException>(() => AtomicFile.Write(path, _ => throw new OperationCanceledException(), kept));
        Assert.False(File.Exists(kept));
        AtomicFile.Write(path, stream => stream.Write([9]), kept);
        Assert.Equal("old", File.ReadAllText(kept));
        Assert.Equal([9], File.ReadAllBytes(path));
    }

    [Fact]
    public void An_IO_error_names_the_path_that_was_asked_for()
    {
        var path = Existing();
        var error = Assert.Throws<IOException>(() => AtomicFile.Write(path, _ => throw new IOException("No space left on device")));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("No space left on device", error.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Fact]
    public void A_missing_folder_is_reported_with_the_cure()
    {
        var path = _folder["no/such/folder/m.pt"];
        var error = Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(path, _ => { }));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("create it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_the_file_is_refused()
    {
        Assert.Throws<IOException>(() => AtomicFile.Write(_folder.Path, _ => { }));
        Assert.True(Directory.Exists(_folder.Path));
    }

    [LinuxFact]
    public void A_folder_that_may_not_be_written_is_reported() =>
        Assert.Throws<UnauthorizedAccessException>(() => AtomicFile.Write("/sys/marginnet.pt", _ => { }));

    [LinuxFact]
    public void A_full_device_is_an_IO_error_and_the_device_stays()
    {
        Assert.Throws<IOException>(() => AtomicFile.Write("/dev/full", stream => stream.Write(new byte[1 << 20])));
        Assert.Throws<IOException>(() => File.WriteAllBytes("/dev/full", new byte[1]));
    }

    [LinuxFact]
    public void A_symbolic_link_stays_and_its_target_is_replaced()
    {
        var path = Existing();
        var link = _folder["link.pt"];
        File.CreateSymbolicLink(link, path);
        AtomicFile.Write(link, stream => stream.Write([7]));
        Assert.Equal(path, new FileInfo(link).LinkTarget);
        Assert.Equal([7], File.ReadAllBytes(path));
    }

    [LinuxFact]
    public void A_private_file_stays_private()
    {
        var path = Existing();
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            AtomicFile.Write(path, stream => stream.Write([7]));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    private string Existing()
    {
        File.WriteAllText(_folder["m.pt"], "old");
        return _folder["m.pt"];
    }
}
