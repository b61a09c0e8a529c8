using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Security.Cryptography;

namespace MarginNet.Data;

/// <summary>How far a download is.</summary>
/// <param name="Bytes">The bytes on disk, those of an earlier, interrupted download included.</param>
/// <param name="Total">The size of the whole file, where the server states it.</param>
public readonly record struct DownloadProgress(long Bytes, long? Total);

/// <summary>
/// A file on the web with a known checksum, downloaded at most once. An interrupted download resumes where it stopped, the file
/// appears under its name only when complete and verified, and several processes may ask for it at the same time.
/// </summary>
public sealed record VerifiedDownload
{
    private const int BufferBytes = 1 << 17;
    private const int MaxAttempts = 10;
    private const long MaxBytes = 1L << 32;

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets the folder for downloads: <c>marginnet</c> in XDG_CACHE_HOME where that is set, in <c>~/.cache</c> on other Linux
    /// systems, and in the local application data elsewhere.</summary>
    public static string DefaultFolder => Path.Combine(UserCacheFolder(), "marginnet");

    /// <summary>Gets where the file is: an HTTPS address, or HTTP on this machine.</summary>
    public required Uri Source { get; init; }

    /// <summary>Gets the name the file has in its folder.</summary>
    public required string FileName { get; init; }

    /// <summary>Gets the MD5 checksum of the file, 32 hexadecimal digits.</summary>
    public required string Md5 { get; init; }

    /// <summary>Gets what a user can do where downloading fails, as the end of a sentence; null, the default, to say nothing.</summary>
    public string? Alternative { get; init; }

    /// <summary>Gets the time without a byte after which a connection counts as broken; default 60 s.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Returns the path of the file in <paramref name="folder"/>, downloading it first if it is not there.</summary>
    /// <param name="folder">The folder, made if missing.</param>
    /// <param name="progress">Told of the bytes as they arrive; null, the default, for nobody.</param>
    /// <param name="cancellationToken">Stops the download; what has arrived stays in a <c>.part</c> file for the next call.</param>
    /// <returns>The path of the complete file.</returns>
    /// <exception cref="ArgumentException"><see cref="Source"/> is neither HTTPS nor on this machine.</exception>
    /// <exception cref="IOException">The server cannot be reached, refuses, or breaks off; or the disk does.</exception>
    /// <exception cref="InvalidDataException">The checksum is wrong; the file has been removed.</exception>
    /// <exception cref="OperationCanceledException">The download was cancelled.</exception>
    public async Task<string> FetchAsync(
        string folder, IProgress<DownloadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (Source.Scheme != Uri.UriSchemeHttps && !(Source.Scheme == Uri.UriSchemeHttp && Source.IsLoopback))
        {
            throw new ArgumentException($"Expected an https address to download from, but got '{Source}'.");
        }

        var path = Path.Combine(folder, FileName);
        if (File.Exists(path))
        {
            return path;
        }

        Directory.CreateDirectory(folder);
        await using var gate = await LockAsync(path + ".lock", cancellationToken);
        if (!File.Exists(path)) // another process may have just brought it
        {
            var part = path + ".part";
            await DownloadAsync(part, progress, cancellationToken);
            await VerifyAsync(part, cancellationToken);
            File.Move(part, path);
        }

        return path;
    }

    /// <summary>Waits for the lock. Its file stays: were it deleted, two processes could hold "the" lock
    /// on two files of one name.</summary>
    private static async Task<FileStream> LockAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeldElsewhere(e))
            {
                await Task.Delay(PollInterval, cancellationToken);
            }
        }
    }

    /// <summary>Tells a lock held by another from other errors: ERROR_SHARING_VIOLATION on Windows,
    /// EWOULDBLOCK on macOS and Linux.</summary>
    private static bool IsHeldElsewhere(IOException e) =>
        e.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11);

    /// <summary>Completes the partial file; after a broken connection it goes on from there,
    /// as long as each attempt brings something.</summary>
    private async Task DownloadAsync(string part, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { ConnectTimeout = StallTimeout };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.Add(
            new ProductInfoHeaderValue("MarginNet", Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)));
        await using var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        file.Seek(0, SeekOrigin.End);
        for (var attempt = 1; ; attempt++)
        {
            var before = file.Position;
            try
            {
                await ReceiveAsync(client, file, progress, cancellationToken);
                await file.FlushAsync(cancellationToken);
                RandomAccess.FlushToDisk(file.SafeFileHandle);
                return;
            }
            catch (Exception e) when (e is HttpRequestException or HttpIOException or TimeoutException)
            {
                if (attempt == MaxAttempts || file.Position <= before)
                {
                    throw Failed(e is TimeoutException ? $"no data for {StallTimeout.TotalSeconds:0.#} s" : e.Message, file.Position, e);
                }
            }
        }
    }

    private async Task ReceiveAsync(
        HttpClient client, FileStream file, IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        using var watch = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            using var response = await RequestAsync(client, file, watch);
            var total = file.Position + response.Content.Headers.ContentLength;
            await using var body = await response.Content.ReadAsStreamAsync(watch.Token);
            var buffer = new byte[BufferBytes];
            progress?.Report(new DownloadProgress(file.Position, total));
            while (true)
            {
                watch.CancelAfter(StallTimeout);
                var count = await ReadAsync(body, buffer, watch.Token);
                if (count == 0)
                {
                    return;
                }

                await file.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                progress?.Report(new DownloadProgress(file.Position, total));
                if (file.Position > MaxBytes)
                {
                    throw Failed($"the server sends more than {MaxBytes} bytes", file.Position, null);
                }
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException(null, e);
        }
    }

    /// <summary>Asks for what is missing. A server that answers with the whole file, or has nothing after our last byte,
    /// makes the file start anew.</summary>
    private async Task<HttpResponseMessage> RequestAsync(HttpClient client, FileStream file, CancellationTokenSource watch)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Source);
            if (file.Position > 0)
            {
                request.Headers.Range = new RangeHeaderValue(file.Position, null);
            }

            watch.CancelAfter(StallTimeout);
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watch.Token);
            if (response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == file.Position)
            {
                return response;
            }

            var isWhole = response.StatusCode == HttpStatusCode.OK;
            var mustRestart = file.Position > 0
                && response.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable or HttpStatusCode.PartialContent;
            if (isWhole || mustRestart)
            {
                file.SetLength(0);
            }

            if (isWhole)
            {
                return response;
            }

            using (response)
            {
                if (!mustRestart)
                {
                    throw Failed($"the server answers {(int)response.StatusCode} {response.ReasonPhrase}", file.Position, null);
                }
            }
        }
    }

    /// <summary>Reads from the network so that its errors are not taken for those of the disk.</summary>
    private static async Task<int> ReadAsync(Stream body, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException e)
        {
            throw new HttpIOException(HttpRequestError.ResponseEnded, "the connection broke", e);
        }
    }

    private async Task VerifyAsync(string part, CancellationToken cancellationToken)
    {
        string actual;
        await using (var file = File.OpenRead(part))
        {
#pragma warning disable CA5351 // Do not use broken cryptographic algorithms: it is the checksum the publisher states; a second file with a given MD5 cannot be made.
            actual = Convert.ToHexStringLower(await MD5.HashDataAsync(file, cancellationToken));
#pragma warning restore CA5351
        }

        if (!actual.Equals(Md5, StringComparison.OrdinalIgnoreCase))
        {
            File.Delete(part);
            throw new InvalidDataException(
                $"'{Source}' gave a file with MD5 {actual}, expected {Md5}: it is damaged or not the published one, and has been removed; "
                + $"try again{OrElse}.");
        }
    }

    private string OrElse => Alternative is null ? "" : $", or {Alternative}";

    private IOException Failed(string cause, long received, Exception? inner)
    {
        var kept = received == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" The {received} bytes received are kept: run again to resume.");
        return new IOException($"Cannot download '{Source}': {cause.TrimEnd('.')}.{kept} Check the connection{OrElse}.", inner);
    }

    private static string UserCacheFolder()
    {
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (Path.IsPathFullyQualified(cache ?? ""))
        {
            return cache!;
        }

        return OperatingSystem.IsLinux()
            ? Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".cache")
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
    }
}
