using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using MarginNet.Cli.Tests.Report;

namespace MarginNet.Cli.Tests.Pages;

/// <summary>A headless Chromium, which is told what to do by its DevTools protocol.</summary>
internal sealed class Browser : IDisposable
{
    private const string Announcement = "DevTools listening on ";

    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);

    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("marginnet-test-browser-");
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly List<JsonNode> _events = [];
    private string? _session;
    private int _messages;

    private Browser()
    {
        _process = ChromiumTheoryAttribute.Start(
            "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", $"--user-data-dir={_profile.FullName}",
            "about:blank");
    }

    public static async Task<Browser> StartAsync()
    {
        var browser = new Browser();
        while (await browser._process.StandardError.ReadLineAsync().WaitAsync(TimeLimit) is { } line)
        {
            if (line.StartsWith(Announcement, StringComparison.Ordinal))
            {
                await browser.ConnectAsync(new(line[Announcement.Length..].Trim()));
                return browser;
            }
        }

        throw new InvalidOperationException("Chromium did not start.");
    }

    /// <summary>The addresses that were asked for since a page was opened.</summary>
    public IEnumerable<string> Requests => _events.Where(each => (string?)each["method"] == "Network.requestWillBeSent")
        .Select(each => (string)each["params"]!["request"]!["url"]!);

    /// <summary>Opens a file in a window of a width.</summary>
    public async Task OpenAsync(string path, int width)
    {
        await SendAsync("Emulation.setDeviceMetricsOverride", new { width, height = 900, deviceScaleFactor = 1, mobile = false });
        _events.Clear();
        await SendAsync("Page.navigate", new { url = new Uri(path).AbsoluteUri });
        while (!_events.Exists(each => (string?)each["method"] == "Page.loadEventFired"))
        {
            await ReadAsync();
        }
    }

    /// <summary>What an expression of the page's language is.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await SendAsync("Runtime.evaluate", new { expression, returnByValue = true, awaitPromise = true });
        return answer["exceptionDetails"] is { } failure
            ? throw new InvalidOperationException($"{expression}: {failure.ToJsonString()}")
            : answer["result"]!["value"]?.DeepClone();
    }

    /// <summary>Clicks on the middle of an element as a mouse does.</summary>
    /// <param name="element">An expression that is the element.</param>
    public async Task ClickAsync(string element)
    {
        var middle = (await EvaluateAsync(
            $$"""
            (() => {
              const element = {{element}};
              element.scrollIntoView({ block: "center" });
              const box = element.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            })()
            """))!;
        foreach (var type in new[] { "mousePressed", "mouseReleased" })
        {
            await SendAsync(
                "Input.dispatchMouseEvent", new { type, x = (double)middle[0]!, y = (double)middle[1]!, button = "left", clickCount = 1 });
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _profile.Delete(recursive: true);
    }

    private async Task ConnectAsync(Uri address)
    {
        await _socket.ConnectAsync(address, CancellationToken.None);
        var target = await SendAsync("Target.createTarget", new { url = "about:blank" });
        var attached = await SendAsync("Target.attachToTarget", new { targetId = (string)target["targetId"]!, flatten = true });
        _session = (string)attached["sessionId"]!;
        await SendAsync("Page.enable", new { });
        await SendAsync("Network.enable", new { });
    }

    private async Task<JsonNode> SendAsync(string method, object parameters)
    {
        var id = ++_messages;
        var message = JsonSerializer.SerializeToNode(new { id, method, @params = parameters })!;
        if (_session is not null)
        {
            message["sessionId"] = _session;
        }

        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        while (true)
        {
            if (await ReadAsync() is { } answer && (int?)answer["id"] == id)
            {
                return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer.ToJsonString()}");
            }
        }
    }

    /// <summary>Reads one message; those that are no answers are kept.</summary>
    private async Task<JsonNode?> ReadAsync()
    {
        using var limit = new CancellationTokenSource(TimeLimit);
        using var bytes = new MemoryStream();
        var buffer = new byte[1 << 16];
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer, limit.Token);
            bytes.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        var message = JsonNode.Parse(bytes.ToArray())!;
        if (message["id"] is not null)
        {
            return message;
        }

        _events.Add(message);
        return null;
    }
}
