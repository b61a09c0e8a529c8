using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MarginNet.ServingBench;

/// <summary>A client with a connection that stays, which takes as little of the shared processor as it can.</summary>
internal sealed class RawClient : IDisposable
{
    public const string Json = "application/json";

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[1 << 16];

    /// <exception cref="IOException">Nobody listens.</exception>
    public RawClient(int port)
    {
        try
        {
            _socket.Connect(IPAddress.Loopback, port);
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Whether the service has said that it takes no more here.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>A request as bytes, to be sent as often as wanted.</summary>
    public static byte[] Post(byte[] body, string type = "application/octet-stream")
    {
        var head = $"POST /classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    /// <summary>Asks, and waits for the whole answer.</summary>
    /// <exception cref="IOException">The connection broke first.</exception>
    public async Task<(int Status, string Body)> AskAsync(ReadOnlyMemory<byte> request)
    {
        try
        {
            await _socket.SendAsync(request);
            for (var length = 0; ;)
            {
                var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
                length += read > 0 ? read : throw new IOException("The connection was closed.");
                if (Parse(_buffer.AsSpan(0, length)) is { } answer)
                {
                    return answer;
                }
            }
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Status and body, or null where there is more to come.</summary>
    private (int Status, string Body)? Parse(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = answer[..end];
        var body = answer[(end + 4)..];
        IsClosed = head.IndexOf("Connection: close"u8) >= 0;
        var status = int.Parse(head[9..12], NumberStyles.None, CultureInfo.InvariantCulture);
        if (head.IndexOf("Transfer-Encoding: chunked"u8) >= 0)
        {
            return body.EndsWith("0\r\n\r\n"u8) ? (status, Encoding.UTF8.GetString(body[(body.IndexOf("\r\n"u8) + 2)..^7])) : null;
        }

        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0)
        {
            return (status, "");
        }

        var number = head[(at + 16)..];
        var line = number.IndexOf((byte)'\r');
        var expected = int.Parse(line < 0 ? number : number[..line], NumberStyles.None, CultureInfo.InvariantCulture);
        return body.Length >= expected ? (status, Encoding.UTF8.GetString(body[..expected])) : null;
    }
}
