using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using AspNetGuard;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using Microsoft.AspNetCore.Builder;
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
        _model = CreateModel();
        _model.Save(FileOf("m.pt"));
        _app = GuardService.Create(["--model", FileOf("m.pt"), "--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None"]);
        await _app.StartAsync();
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
    [InlineData("nowhere.pt", "AspNetGuard: 'nowhere.pt' does not exist")]
    [InlineData("damaged.pt", "AspNetGuard: 'damaged.pt'")]
    public async Task A_model_that_cannot_be_used_is_one_line_and_exit_code_2(string model, string expected)
    {
        await File.WriteAllTextAsync(FileOf("damaged.pt"), "no model");
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "AspNetGuard.dll"), "--model", model])
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
    public async Task A_cancelled_request_is_not_computed()
    {
        using var guard = new Guard(FileOf("m.pt"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => guard.ClassifyAsync(Png(0), new CancellationToken(canceled: true)));
    }

    [Fact]
    public async Task Health_names_the_model()
    {
        var health = await _client.GetFromJsonAsync<JsonElement>(new Uri("/health", UriKind.Relative));
        Assert.Equal(("healthy", "m.pt"), (health.GetProperty("status").GetString(), health.GetProperty("model").GetString()));
    }

    [Fact]
    public void A_model_that_is_not_calibrated_stops_the_start()
    {
        _model!.NullModel = null;
        _model.Save(FileOf("bare.pt"));
        var refusal = Assert.Throws<InvalidDataException>(() => GuardService.Create(["--model", FileOf("bare.pt")]));
        Assert.Contains("is not calibrated", refusal.Message, StringComparison.Ordinal);
    }

    private static Uri Classify => new("/classify", UriKind.Relative);

    private MarginModel CreateModel()
    {
        manual_seed(3);
        var model = new MarginModel(new ResNet18(new() { Width = 4 }), SyntheticShapes.ClassNames, (32, 32));
        model.Network.eval();
        var (decided, margins) = model.Network.Score(_images).Decisions();
        model.NullModel = MarginNullModel.Fit(margins, decided, decided, SyntheticShapes.ClassNames.Length);
        model.NullModel = model.NullModel.WithRule(FlagRule.Calibrate(model.NullModel, alpha: 0.2));
        return model;
    }

    private Verdict Expected(int index)
    {
        var (decided, margin) = DecisionMargin.Compute(_model!.Network.Score(_images.Select([index]))[0]);
        var p = _model.NullModel!.Score(margin, decided);
        return new(_model.ClassNames[decided], margin, p.Lower, _model.NullModel.Rule!.Flags(p));
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

    private string FileOf(string name) => Path.Combine(_folder.FullName, name);
}
