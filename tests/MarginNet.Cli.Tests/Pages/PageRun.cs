namespace MarginNet.Cli.Tests.Pages;

/// <summary>One page of each command, of a small network on drawn shapes; and a browser, where there is one.</summary>
public sealed class PageRun : IAsyncLifetime, IDisposable
{
    private readonly Tool _tool = new();
    private readonly Lazy<Task<Browser>> _browser = new(Browser.StartAsync);

    /// <summary>The commands that take a model and <c>--html</c>.</summary>
    public static IReadOnlyList<string> Commands { get; } = ["calibrate", "pvalue", "evaluate", "detect", "certify", "attack", "backdoor"];

    /// <summary>The pages, those of a monitor and of an audit among them.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Commands, "monitor", "audit"];

    public async Task InitializeAsync()
    {
        var model = _tool.File("m.pt");
        Assert.Equal(0, (await _tool.TrainAsync("m.pt", "--epochs", "3", "-q")).ExitCode);
        string[] of = ["--model", model, "-q", "--limit-test"];
        await MakeAsync("calibrate", "--model", model, "-q");
        await MakeAsync("pvalue", [.. of, "100", "--output", _tool.File("p.csv")]);
        await MakeAsync("monitor", _tool.File("p.csv"), "--column", "p_lower", "--procedure", "cusum", "--run-length", "1.1", "-q");
        await MakeAsync("evaluate", [.. of, "100"]);
        await MakeAsync("detect", [.. of, "60", "--fgsm", "0.1", "--resamples", "10"]);
        await MakeAsync("certify", [.. of, "40", "--no-attack", "--thumbnails", "24"]);
        await MakeAsync("attack", "--surrogate", model, "-q", "--limit-test", "40", "--thumbnails", "30");
        var audit = await Tool.RunAsync("audit", "--model", model, "-q", "--flag", "0.05", "--thumbnails", "40", "--out", _tool.File("audit"));
        Assert.True(audit.ExitCode == 0, audit.Error);
        await MakeAsync("backdoor", "--model", model, "-q", "--restarts", "4", "--steps", "20");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        if (_browser.IsValueCreated)
        {
            _browser.Value.Result.Dispose();
        }

        _tool.Dispose();
    }

    internal string Model => _tool.File("m.pt");

    internal string Page(string name) => _tool.File(name == "audit" ? "audit/audit.html" : $"{name}.html");

    internal Task<Browser> BrowserAsync() => _browser.Value;

    private async Task MakeAsync(string command, params string[] more)
    {
        var run = await Tool.RunAsync([command, .. more, "--html", Page(command)]);
        Assert.True(run.ExitCode == 0, $"{command}: {run.Error}");
    }
}
