using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using MarginNet.Data;
using MarginNet.Tests.Checkpoints;

namespace MarginNet.Tests.Data;

public sealed class VerifiedDownloadTests : IDisposable
{
    private static readonly byte[] Content = RandomBytes(1_000_000);

    private readonly TemporaryFolder _folder = new();

    private string Part => _folder["file.part"];

    public void Dispose() => _folder.Dispose();

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static VerifiedDownload Download(Uri source) => new()
    {
        Source = source,
        FileName = "file",
#pragma warning disable CA5351 // Do not use broken cryptographic algorithms: the checksum under test.
        Md5 = Convert.ToHexString(MD5.HashData(Content)),
#pragma warning restore CA5351
        Alternative = "use the other way",
    };

    private async Task<string> MessageOfFailureAsync<T>(VerifiedDownload download)
        where T : Exception
    {
        var message = (await Assert.ThrowsAsync<T>(() => download.FetchAsync(_folder.Path))).Message;
        Assert.DoesNotContain('\n', message);
        Assert.False(File.Exists(_folder["file"]));
        return message;
    }

    private async Task AssertFetchesAsync(LoopbackServer server)
    {
        var path = await Download(server.Address).FetchAsync(_folder.Path);
        Assert.Equal(_folder["file"], path);
        Assert.Equal(Content, await File.ReadAllBytesAsync(path));
        Assert.False(File.Exists(Part));
    }

    [Fact]
    public async Task A_file_arrives_whole_once_and_with_progress()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content));
        var reports = new List<DownloadProgress>();
        var path = await Download(server.Address).FetchAsync(_folder["new", "folder"], new Immediate(reports.Add));
        Assert.Equal(Content, await File.ReadAllBytesAsync(path));
        Assert.Equal(new DownloadProgress(0, Content.Length), reports[0]);
        Assert.Equal(new DownloadProgress(Content.Length, Content.Length), reports[^1]);
        Assert.Equal(reports.OrderBy(r => r.Bytes), reports);
        Assert.Equal(path, await Download(server.Address).FetchAsync(_folder["new", "folder"]));
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task An_interrupted_download_resumes_where_it_stopped()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content));
        await File.WriteAllBytesAsync(Part, Content[..400_000]);
        await AssertFetchesAsync(server);
        Assert.Equal([400_000], server.Starts);
    }

    [Fact]
    public async Task A_server_that_ignores_ranges_makes_it_start_anew()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content, honourRange: false));
        await File.WriteAllBytesAsync(Part, RandomBytes(400_000));
        await AssertFetchesAsync(server);
        Assert.Equal(1, server.Requests);
    }

    [Theory]
    [InlineData(1_000_000)]
    [InlineData(1_500_000)]
    public async Task A_partial_file_as_long_as_the_whole_or_longer_is_downloaded_anew(int length)
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content));
        await File.WriteAllBytesAsync(Part, RandomBytes(length));
        await AssertFetchesAsync(server);
        Assert.Equal([length, 0], server.Starts);
    }

    [Fact]
    public async Task A_broken_connection_is_taken_up_again()
    {
        using var server = new LoopbackServer(
            (context, number) => LoopbackServer.SendAsync(context, Content, cutAfter: number < 3 ? 200_000 : int.MaxValue));
        await AssertFetchesAsync(server);
        Assert.Equal(4, server.Requests);
        Assert.Equal(server.Starts.Order(), server.Starts);
    }

    [Fact]
    public async Task A_connection_that_brings_nothing_more_is_an_error_and_what_came_is_kept()
    {
        using var server =
            new LoopbackServer((context, number) => LoopbackServer.SendAsync(context, Content, cutAfter: number == 0 ? 200_000 : 0));
        var message = await MessageOfFailureAsync<IOException>(Download(server.Address));
        Assert.Contains("run again to resume", message, StringComparison.Ordinal);
        Assert.Contains("use the other way", message, StringComparison.Ordinal);
        var kept = await File.ReadAllBytesAsync(Part);
        Assert.InRange(kept.Length, 1, 200_000);
        Assert.Equal(Content[..kept.Length], kept);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_given_up()
    {
        using var over = new CancellationTokenSource();
        using var server =
            new LoopbackServer((_, _) => Task.Delay(Timeout.Infinite, over.Token).ContinueWith(_ => { }, TaskScheduler.Default));
        var message = await MessageOfFailureAsync<IOException>(Download(server.Address) with { StallTimeout = TimeSpan.FromSeconds(0.3) });
        Assert.Contains("no data for 0.3 s", message, StringComparison.Ordinal);
        await over.CancelAsync();
    }

    [Fact]
    public async Task A_wrong_checksum_removes_the_file_and_says_both()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, RandomBytes(1000)));
        var download = Download(server.Address);
        Assert.Contains(download.Md5, await MessageOfFailureAsync<InvalidDataException>(download), StringComparison.Ordinal);
        Assert.False(File.Exists(Part));
    }

    [Fact]
    public async Task A_refusal_is_told_with_its_status_and_the_alternative()
    {
        using var server = new LoopbackServer((context, _) =>
        {
            context.Response.StatusCode = (int)HttpStatusCode.NotFound;
            context.Response.Close();
            return Task.CompletedTask;
        });
        var message = await MessageOfFailureAsync<IOException>(Download(server.Address));
        Assert.Contains("404", message, StringComparison.Ordinal);
        Assert.Contains("use the other way", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_network_the_message_says_what_to_do_instead()
    {
        Uri closed;
        using (var server = new LoopbackServer((_, _) => Task.CompletedTask))
        {
            closed = server.Address;
        }

        var message = await MessageOfFailureAsync<IOException>(Cifar10.Archive with { Source = closed, FileName = "file" });
        Assert.Contains("--data-dir", message, StringComparison.Ordinal);
        Assert.Contains("--data synthetic", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_downloads_into_one_folder_ask_the_server_once()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content));
        var paths = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => Download(server.Address).FetchAsync(_folder.Path))));
        Assert.All(paths, path => Assert.Equal(Content, File.ReadAllBytes(path)));
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_download_that_is_given_up_half_way_is_taken_over_by_the_one_that_waits()
    {
        const int Half = 500_000;
        var release = new TaskCompletionSource();
        using var server = new LoopbackServer(async (context, number) =>
        {
            if (number > 0)
            {
                await LoopbackServer.SendAsync(context, Content);
                return;
            }

            context.Response.ContentLength64 = Content.Length;
            await context.Response.OutputStream.WriteAsync(Content.AsMemory(0, Half));
            await context.Response.OutputStream.FlushAsync();
            await release.Task;
        });
        using var cancellation = new CancellationTokenSource();
        var hasHalf = new TaskCompletionSource();
        var first = Download(server.Address)
            .FetchAsync(_folder.Path, new Immediate(report => _ = report.Bytes == Half && hasHalf.TrySetResult()), cancellation.Token);
        await hasHalf.Task;
        var second = Download(server.Address).FetchAsync(_folder.Path);
        await Task.Delay(300); // Time for a second writer to do damage, were there one.
        Assert.False(second.IsCompleted);
        Assert.Equal(1, server.Requests);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal(Content, await File.ReadAllBytesAsync(await second));
        Assert.Equal([0, Half], server.Starts);
        release.SetResult();
    }

    [LinuxFact]
    public async Task A_download_waits_for_another_process_and_goes_on_when_that_is_killed()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content));
        using var other = Process.Start(new ProcessStartInfo("flock", [_folder["file.lock"], "-c", "echo held; exec sleep 1000"])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await other.StandardOutput.ReadLineAsync());
        var waiting = Download(server.Address).FetchAsync(_folder.Path);
        await Task.Delay(300);
        Assert.Equal((false, 0), (waiting.IsCompleted, server.Requests));
        other.Kill(entireProcessTree: true);
        Assert.Equal(Content, await File.ReadAllBytesAsync(await waiting));
    }

    [Fact]
    public async Task A_cancelled_download_keeps_what_came_and_leaves_the_folder_free_for_the_next()
    {
        using var server = new LoopbackServer((context, _) => LoopbackServer.SendAsync(context, Content));
        using var cancellation = new CancellationTokenSource();
        var stopAtOnce = new Immediate(report =>
        {
            if (report.Bytes > 0)
            {
                cancellation.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Download(server.Address).FetchAsync(_folder.Path, stopAtOnce, cancellation.Token));
        Assert.False(File.Exists(_folder["file"]));
        var kept = new FileInfo(Part).Length;
        Assert.True(kept > 0);
        await AssertFetchesAsync(server);
        Assert.Equal([0, kept], server.Starts);
    }

    [Fact]
    public async Task A_waiting_download_can_be_cancelled()
    {
        await using var held = new FileStream(_folder["file.lock"], FileMode.CreateNew, FileAccess.Write, FileShare.None);
        using var cancellation = new CancellationTokenSource();
        var waiting = Download(new Uri("http://127.0.0.1:1/")).FetchAsync(_folder.Path, null, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Theory]
    [InlineData("http://example.org/file")]
    [InlineData("ftp://127.0.0.1/file")]
    [InlineData("file:///etc/hostname")]
    public async Task Only_HTTPS_or_this_machine_is_asked(string address) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Download(new Uri(address)).FetchAsync(_folder.Path));

    [Fact]
    public void The_default_folder_is_in_the_users_cache_and_XDG_CACHE_HOME_is_respected()
    {
        var before = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        try
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", _folder.Path);
            Assert.Equal(_folder["marginnet"], VerifiedDownload.DefaultFolder);
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", "relative/is/ignored");
            Assert.True(Path.IsPathFullyQualified(VerifiedDownload.DefaultFolder));
            Assert.Equal("marginnet", Path.GetFileName(VerifiedDownload.DefaultFolder));
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CACHE_HOME", before);
        }
    }

    [Fact]
    public void The_published_archive_is_named_with_the_published_checksum()
    {
        Assert.Equal("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", Cifar10.Archive.Source.ToString());
        Assert.Equal("c32a1d4ab5d03f1284b67883e8d87530", Cifar10.Archive.Md5);
    }

    /// <summary>Unlike <see cref="Progress{T}"/>, reports on the spot and in order.</summary>
    private sealed class Immediate(Action<DownloadProgress> report) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => report(value);
    }
}
