using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace MarginNet.Tests.Data;

/// <summary>An HTTP server on this machine that answers each request as the test says and remembers the ranges asked for.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly HttpListener _listener;
    private readonly Func<HttpListenerContext, int, Task> _answer;
    private int _requests;

    /// <summary>Starts it; <paramref name="answer"/> gets each request and its number, counted from 0.</summary>
    public LoopbackServer(Func<HttpListenerContext, int, Task> answer)
    {
        _answer = answer;
        (_listener, Address) = Listen();
        _ = ServeAsync();
    }

    public Uri Address { get; }

    public int Requests => _requests;

    /// <summary>The first byte asked for by each request; 0 without a range.</summary>
    public List<long> Starts { get; } = [];

    /// <summary>Sends <paramref name="content"/> from the byte asked for,
    /// and breaks the connection after <paramref name="cutAfter"/> bytes.</summary>
    public static async Task SendAsync(HttpListenerContext context, byte[] content, bool honourRange = true, int cutAfter = int.MaxValue)
    {
        var response = context.Response;
        var start = honourRange ? StartOf(context) : 0;
        if (start > 0 && start >= content.Length)
        {
            response.StatusCode = (int)HttpStatusCode.RequestedRangeNotSatisfiable;
            response.Close();
            return;
        }

        if (start > 0)
        {
            response.StatusCode = (int)HttpStatusCode.PartialContent;
            response.Headers["Content-Range"] = $"bytes {start}-{content.Length - 1}/{content.Length}";
        }

        var body = content.AsMemory((int)start);
        response.ContentLength64 = body.Length;
        await response.OutputStream.WriteAsync(body[..Math.Min(body.Length, cutAfter)]);
        await response.OutputStream.FlushAsync();
        if (cutAfter < body.Length)
        {
            response.Abort();
        }
        else
        {
            response.Close();
        }
    }

    public void Dispose() => ((IDisposable)_listener).Dispose();

    private static long StartOf(HttpListenerContext context) =>
        RangeHeaderValue.TryParse(context.Request.Headers["Range"], out var range) ? range.Ranges.Single().From ?? 0 : 0;

    private static (HttpListener Listener, Uri Address) Listen()
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener { Prefixes = { address } };
            try
            {
                listener.Start();
                return (listener, new Uri(address + "file"));
            }
            catch (HttpListenerException)
            {
                listener.Close(); // Another process took the port meanwhile.
            }
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return; // The test is over.
            }

            lock (Starts)
            {
                Starts.Add(StartOf(context));
            }

            _ = AnswerAsync(context, Interlocked.Increment(ref _requests) - 1);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context, int number)
    {
        try
        {
            await _answer(context, number);
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The client has gone.
        }
    }
}
