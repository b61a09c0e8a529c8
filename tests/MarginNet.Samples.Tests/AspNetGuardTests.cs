using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AspNetGuard;
using MarginNet.Data;
using MarginNet.Export;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StbImageWriteSharp;
using static TorchSharp.torch;

namespace MarginNet.Samples.Tests;

/// <summary>The sample behind a real port of this machine.</summary>
public sealed class AspNetGuardTests : IAsyncLifetime, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("marginnet-test-");
    private readonly ImageSet _images = SyntheticShapes.Create(200, 30).Test;
    private readonly HttpClient _client = new(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromMinutes(1) }); // A busy machine takes its time.
    private MarginModel? _model;
    private WebApplication? _app;

    public async Task InitializeAsync()
    {
        _model = CreateModel(seed: 3, "m.onnx");
        _app = await Start();
        _client.BaseAddress = new(_app.Urls.Single());
    }

    public async Task DisposeAsync()
    {
        await _app!.DisposeAsync();
        Dispose();
    }

    public void Dispose()
    {
        _client.Dispose();
        _model?.Dispose();
        _folder.Refresh();
        if (_folder.Exists)
        {
            _folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("MarginNet:Model", "nowhere.onnx", "AspNetGuard: 'nowhere.onnx' does not exist")]
    [InlineData("MarginNet:Model", "bare.onnx", "AspNetGuard: 'bare.onnx' is not calibrated: run 'marginnet calibrate --model bare.onnx'")]
    [InlineData("MarginNet:Model", "damaged.onnx", "AspNetGuard: 'damaged.onnx.margins.json' is no calibration of 'damaged.onnx'")]
    [InlineData("MarginNet:QueueLimit", "0", "AspNetGuard: MarginNet:Model is not given: name the model file.; MarginNet:QueueLimit is 0")]
    [InlineData("MarginNet:MaxBatch", "3", "AspNetGuard: 'ErrorOnUnknownConfiguration' was set")]
    [InlineData("RequestsPerSecond", "0", "AspNetGuard: RequestsPerSecond is 0 or less: expected 1 or more.")]
    public async Task What_cannot_be_used_is_one_line_and_exit_code_2(string option, string value, string expected)
    {
        await File.WriteAllTextAsync(FileOf("bare.onnx"), "no model");
        await File.WriteAllTextAsync(FileOf("damaged.onnx"), "no model");
        File.Copy(FileOf("m.onnx.margins.json"), FileOf("damaged.onnx.margins.json"));
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [System.IO.Path.Combine(AppContext.BaseDirectory, "AspNetGuard.dll"), $"--{option}", value])
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardError = true,
        })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(2, process.ExitCode);
        Assert.StartsWith(expected, Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_gets_the_class_margin_and_p_value_of_the_library()
    {
        for (var i = 0; i < 5; i++)
        {
            AssertVerdict(Expected(i), await Read(await PostImage(i)));
        }
    }

    [Fact]
    public async Task Pixels_as_JSON_get_the_same_verdict_as_the_image()
    {
        for (var i = 0; i < 5; i++)
        {
            using var content = JsonContent.Create(new { pixels = _images.Pixels(i).ToArray().Select(pixel => pixel / 255f) });
            AssertVerdict(Expected(i), await Read(await _client.PostAsync(Classify, content)));
        }
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded")] // What curl --data-binary says.
    [InlineData("image/png")]
    public async Task A_picture_may_come_under_any_name_but_JSON(string type)
    {
        using var content = new ByteArrayContent(Png(2));
        content.Headers.ContentType = new(type);
        AssertVerdict(Expected(2), await Read(await _client.PostAsync(Classify, content)));
    }

    [Fact]
    public async Task Many_requests_at_once_get_the_verdicts_of_one_after_the_other()
    {
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 90).Select(async i => await Read(await PostImage(i % 30))));
        for (var i = 0; i < verdicts.Length; i++)
        {
            AssertVerdict(Expected(i % 30), verdicts[i]);
        }
    }

    [Theory]
    [InlineData("application/octet-stream", "no image", "is no JPEG, PNG, BMP or WebP image")]
    [InlineData("application/octet-stream", "", "is empty")]
    [InlineData(
        "application/json", """{"pixels":[1,2,3]}""", "Expected 3 x 32 x 32 = 3072 pixels in [0, 1], but got 3 numbers from 1 to 3.")]
    [InlineData("application/json", """{"pixels":null}""", "but got 0 numbers")]
    [InlineData("application/json", """{"pixels":"all"}""", "pixels")]
    [InlineData("application/json", "{", "JSON")]
    [InlineData("application/json", "null", "but got 0 numbers")]
    public async Task Bad_input_is_answered_with_400_and_one_line(string type, string body, string reason)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var response = await _client.PostAsync(Classify, content);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains(reason, text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', text);
    }

    [Fact]
    public async Task A_request_that_is_too_large_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Classify) { Content = new ByteArrayContent(new byte[10_000_001]) };
        request.Headers.ExpectContinue = true; // The answer comes before the content is sent.
        using var response = await _client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task A_client_that_hangs_up_stops_its_request_and_no_other()
    {
        using var cancellation = new CancellationTokenSource();
        var pending = Enumerable.Range(0, 20)
            .Select(_ => Record.ExceptionAsync(async () => (await PostImage(0, cancellation.Token)).Dispose()))
            .ToArray();
        await cancellation.CancelAsync();
        var outcomes = await Task.WhenAll(pending);
        Assert.All(outcomes, outcome => Assert.True(outcome is null or OperationCanceledException));
        AssertVerdict(Expected(1), await Read(await PostImage(1)));
    }

    [Fact]
    public async Task Health_names_the_model()
    {
        var health = (await _client.GetFromJsonAsync<JsonElement>(Path("/health")))[0];
        Assert.Equal(
            ("Healthy", "m.onnx"),
            (health.GetProperty("status").GetString(), health.GetProperty("data").GetProperty("model").GetString()));
    }

    [Fact]
    public async Task Metrics_count_the_decisions_for_Prometheus()
    {
        var verdicts = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => await Read(await PostImage(i))));
        var metrics = await _client.GetStringAsync(Path("/metrics"));
        foreach (var own in verdicts.GroupBy(verdict => verdict.Class))
        {
            var line = metrics.Split('\n').Single(line => line.StartsWith("marginnet_decisions", StringComparison.Ordinal)
                && line.Contains($"class=\"{own.Key}\"", StringComparison.Ordinal));
            Assert.Equal($"{own.Count()}", line.Split(' ')[1]);
        }

        Assert.Contains("marginnet_p_value_bucket", metrics, StringComparison.Ordinal);
        Assert.Contains("http_server_request_duration_seconds", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_OpenAPI_description_has_the_route_with_all_its_answers()
    {
        var description = await _client.GetFromJsonAsync<JsonElement>(Path("/openapi/v1.json"));
        var classify = description.GetProperty("paths").GetProperty("/classify").GetProperty("post");
        var asked = classify.GetProperty("requestBody").GetProperty("content");
        Assert.Equal(["application/json", "application/octet-stream"], asked.EnumerateObject().Select(type => type.Name).Order());
        var answers = classify.GetProperty("responses");
        Assert.Equal(["200", "400", "413", "429", "503"], answers.EnumerateObject().Select(answer => answer.Name).Order());
    }

    [Fact]
    public async Task A_client_that_asks_too_often_is_told_so()
    {
        await using var slow = await Start("--RequestsPerSecond", "2");
        using var client = new HttpClient { BaseAddress = new(slow.Urls.Single()) };
        var statuses = new List<HttpStatusCode>();
        while (!statuses.Contains(HttpStatusCode.TooManyRequests) && statuses.Count < 1000)
        {
            using var response = await client.PostAsync(Classify, content: null);
            statuses.Add(response.StatusCode);
        }

        Assert.Equal([HttpStatusCode.BadRequest, HttpStatusCode.TooManyRequests], statuses.Distinct().Order());
    }

    [Fact]
    public async Task A_full_queue_is_503_and_says_when_to_come_back()
    {
        using var held = new HeldModelLoader();
        _model!.Save(FileOf("m.pt"));
        await using var narrow = await Start(
            services => services.AddSingleton<IModelLoader>(held),
            "--MarginNet:Model", FileOf("m.pt"), "--MarginNet:QueueLimit", "1", "--MarginNet:MaxBatchSize", "1",
            "--MarginNet:ConcurrentBatches", "1");
        using var client = new HttpClient { BaseAddress = new(narrow.Urls.Single()) };
        var health = narrow.Services.GetRequiredService<Microsoft.Extensions.Diagnostics.HealthChecks.HealthCheckService>();
        Task<HttpResponseMessage> Post() => client.PostAsync(Classify, new ByteArrayContent(Png(0)));

        held.Gate.Reset();
        var scored = Post();
        await WaitUntil(() => Task.FromResult(held.IsScoring));
        var waiting = Post();
        await WaitUntil(async () => (await health.CheckHealthAsync()).Entries["marginnet"].Data["waiting"] is 1);
        using (var refused = await Post())
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
            Assert.Equal(
                "1 images wait, and 1 more would be above the limit of 1: try again later.", await refused.Content.ReadAsStringAsync());
        }

        held.Gate.Set();
        foreach (var answered in await Task.WhenAll(scored, waiting))
        {
            AssertVerdict(Expected(0), await Read(answered));
        }
    }

    /// <summary>The files of another network are put in their place while eight clients ask.</summary>
    [Fact]
    public async Task A_model_is_exchanged_under_load_without_a_lost_request_or_a_wrong_answer()
    {
        using var other = CreateModel(seed: 4, "other.onnx");
        var first = (await Read(await PostImage(0))).Model;
        var isExchanged = false;
        var clients = Enumerable.Range(0, 8).Select(client => Task.Run(async () =>
        {
            for (var (i, after) = (client, 0); after < 10; i = (i + 1) % 30)
            {
                var verdict = await Read(await PostImage(i));
                AssertVerdict(Expected(i, verdict.Model == first ? _model! : other), verdict);
                after += verdict.Model == first ? 0 : 1;
                isExchanged |= verdict.Model != first;
            }
        })).ToArray();
        File.Copy(FileOf("other.onnx"), FileOf("m.onnx"), overwrite: true);
        File.Copy(FileOf("other.onnx.margins.json"), FileOf("m.onnx.margins.json"), overwrite: true);
        await Task.WhenAll(clients).WaitAsync(TimeSpan.FromMinutes(5));
        Assert.True(isExchanged);
    }

    /// <summary>Another engine: the network of MarginNet on LibTorch, as docs/howto/serve.md has it.</summary>
    [Fact]
    public async Task A_network_on_LibTorch_judges_by_the_same_door()
    {
        _model!.Save(FileOf("m.pt"));
        await using var services = new ServiceCollection()
            .AddSingleton<IModelLoader>(new TorchModelLoader())
            .AddMarginNet(options => options.Model = FileOf("m.pt"))
            .BuildServiceProvider();
        var verdicts = await services.GetRequiredService<IMarginGuard>().JudgeAsync([.. Enumerable.Range(0, 30).Select(
            i => (ReadOnlyMemory<float>)_images.Pixels(i).ToArray().Select(pixel => pixel / 255f).ToArray())]);
        for (var i = 0; i < verdicts.Length; i++)
        {
            AssertVerdict(Expected(i), verdicts[i]);
        }
    }

    private static Uri Classify => Path("/classify");

    private static Uri Path(string path) => new(path, UriKind.Relative);

    private static async Task WaitUntil(Func<Task<bool>> condition)
    {
        for (var end = DateTime.UtcNow.AddMinutes(3); !await condition(); await Task.Delay(5))
        {
            Assert.True(DateTime.UtcNow < end);
        }
    }

    private Task<WebApplication> Start(params string[] options) => Start(configure: null, options);

    private async Task<WebApplication> Start(Action<IServiceCollection>? configure, params string[] options)
    {
        string[] usual =
        [
            "--MarginNet:Model", FileOf("m.onnx"), "--MarginNet:ReloadInterval", "00:00:00.05", "--RequestsPerSecond", "1000000",
            "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None",
        ];
        var app = GuardService.Create([.. usual, .. options], configure);
        await app.StartAsync();
        return app;
    }

    /// <summary>Writes a calibrated ONNX model; it is read again, so that its calibration is of that file.</summary>
    private MarginModel CreateModel(int seed, string name)
    {
        manual_seed(seed);
        using (var network = new MarginModel(new ResNet18(new() { Width = 4 }), SyntheticShapes.ClassNames, (32, 32)))
        {
            network.Network.eval();
            ModelExport.ToOnnx(network, FileOf(name));
        }

        var model = MarginModel.Load(FileOf(name));
        var (decided, margins) = model.Network.Score(_images).Decisions();
        model.NullModel = MarginNullModel.Fit(margins, decided, decided, SyntheticShapes.ClassNames.Length);
        model.NullModel = model.NullModel.WithRule(FlagRule.Calibrate(model.NullModel, alpha: 0.2));
        model.SaveCalibration(FileOf(name));
        return model;
    }

    private Verdict Expected(int index) => Expected(index, _model!);

    private Verdict Expected(int index, MarginModel model)
    {
        var (decided, margin) = DecisionMargin.Compute(model.Network.Score(_images.Select([index]))[0]);
        var p = model.NullModel!.Score(margin, decided);
        return new(model.ClassNames[decided], margin, p.Lower, model.NullModel.Rule!.Flags(p), "");
    }

    private static void AssertVerdict(Verdict expected, Verdict actual)
    {
        Assert.Equal((expected.Class, expected.Flagged), (actual.Class, actual.Flagged));
        Assert.Equal(expected.Margin, actual.Margin, 1e-5 * Math.Max(1, expected.Margin));
        Assert.Equal(expected.PValue, actual.PValue, 1e-4);
    }

    private static async Task<Verdict> Read(HttpResponseMessage response)
    {
        using (response)
        {
            response.EnsureSuccessStatusCode();
            return (await response.Content.ReadFromJsonAsync<Verdict>())!;
        }
    }

    private async Task<HttpResponseMessage> PostImage(int index, CancellationToken cancellation = default)
    {
        using var content = new ByteArrayContent(Png(index));
        return await _client.PostAsync(Classify, content, cancellation);
    }

    private byte[] Png(int index)
    {
        var planes = _images.Pixels(index);
        var pixels = new byte[planes.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = planes[(i % 3 * 1024) + (i / 3)];
        }

        using var stream = new MemoryStream();
        new ImageWriter().WritePng(pixels, 32, 32, ColorComponents.RedGreenBlue, stream);
        return stream.ToArray();
    }

    private string FileOf(string name) => System.IO.Path.Combine(_folder.FullName, name);
}
