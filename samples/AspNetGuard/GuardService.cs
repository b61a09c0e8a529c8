using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.RateLimiting;
using MarginNet.Data;
using MarginNet.Serving;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.OpenApi;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AspNetGuard;

/// <summary>The routes of the service.</summary>
internal static class GuardService
{
    private const int MaxRequestBytes = 10_000_000;
    private const int MaxConnections = 1000;
    private const string PerClient = "per client";

    /// <param name="args">Options, as <c>--MarginNet:Model x.onnx</c>.</param>
    /// <param name="configure">Adds to the services, or takes the place of some.</param>
    public static WebApplication Create(string[] args, Action<IServiceCollection>? configure = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.WebHost.ConfigureKestrel(kestrel =>
            (kestrel.Limits.MaxRequestBodySize, kestrel.Limits.MaxConcurrentConnections) = (MaxRequestBytes, MaxConnections));
        builder.Services.AddMarginNet();
        builder.Services.AddHealthChecks().AddMarginNet();
        builder.Services.AddOpenApi();
        AddRateLimit(builder.Services, builder.Configuration.GetValue("RequestsPerSecond", 100) is > 0 and var most ? most
            : throw new InvalidDataException("RequestsPerSecond is 0 or less: expected 1 or more."));
        AddTelemetry(builder.Services, builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is not null);

        configure?.Invoke(builder.Services);
        var app = builder.Build();
        _ = app.Services.GetRequiredService<IMarginGuard>(); // Now, so that a wrong file or option stops the start by one line.
        app.UseRateLimiter();
        app.MapOpenApi();
        app.MapPrometheusScrapingEndpoint();
        app.MapHealthChecks("/health", new() { ResponseWriter = WriteHealthAsync });
        app.MapPost("/classify", ClassifyAsync)
            .WithSummary("Says what an image shows, and whether to trust that.")
            .AddOpenApiOperationTransformer(DescribeRequest)
            .Produces<Verdict>()
            .Produces<string>(StatusCodes.Status400BadRequest, "text/plain")
            .Produces(StatusCodes.Status413PayloadTooLarge)
            .Produces(StatusCodes.Status429TooManyRequests)
            .Produces<string>(StatusCodes.Status503ServiceUnavailable, "text/plain")
            .RequireRateLimiting(PerClient);
        return app;
    }

    /// <summary>Answers to an image file, or to JSON: {"pixels": [...]}. <paramref name="cancellation"/> is the request's own:
    /// a client that hangs up frees its place.</summary>
    private static async Task<IResult> ClassifyAsync(HttpRequest request, IMarginGuard guard, CancellationToken cancellation)
    {
        try
        {
            var pixels = request.HasJsonContentType()
                ? (await request.ReadFromJsonAsync<Pixels>(cancellation))?.Values ?? []
                : await DecodeAsync(request.Body, guard.Model, cancellation);
            return Results.Ok(await guard.JudgeAsync(pixels, cancellation));
        }
        catch (BadHttpRequestException e)
        {
            return Results.Text(e.Message, statusCode: e.StatusCode);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return Results.Text(e.Message.ReplaceLineEndings(" "), statusCode: StatusCodes.Status400BadRequest);
        }
        catch (GuardBusyException e)
        {
            request.HttpContext.Response.Headers.RetryAfter = "1";
            return Results.Text(e.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <summary>Describes the two kinds of request; whatever is not JSON is taken for a picture.</summary>
    private static Task DescribeRequest(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var pixels = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Number } };
        operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Description = "A JPEG, PNG, BMP or WebP file, or pixels in [0, 1], channel by channel, row by row.",
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/octet-stream"] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
                ["application/json"] = new()
                {
                    Schema = new OpenApiSchema
                    {
                        Type = JsonSchemaType.Object,
                        Properties = new Dictionary<string, IOpenApiSchema> { ["pixels"] = pixels },
                    },
                },
            },
        };
        return Task.CompletedTask;
    }

    private static Task WriteHealthAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        report.Entries.Select(entry => new { entry.Key, Status = $"{entry.Value.Status}", entry.Value.Description, entry.Value.Data }));

    /// <summary>Reads a picture file, resized to what the model takes.</summary>
    private static async Task<float[]> DecodeAsync(Stream body, ModelCard model, CancellationToken cancellation)
    {
        using var file = new MemoryStream();
        await body.CopyToAsync(file, cancellation);
        var image = ImageFolder.DecodeImage(file.ToArray(), "The image", model.Height, model.Width, model.Channels);
        return Array.ConvertAll(image.Pixels(0).ToArray(), pixel => pixel / (float)byte.MaxValue);
    }

    /// <summary>As many requests a second for each address, and as many at once. (Behind a proxy all come from one address.)</summary>
    private static void AddRateLimit(IServiceCollection services, int requestsPerSecond) => services.AddRateLimiter(limiter =>
    {
        limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        limiter.AddPolicy(PerClient, context => RateLimitPartition.GetTokenBucketLimiter(
            $"{context.Connection.RemoteIpAddress}",
            _ => new()
            {
                TokenLimit = requestsPerSecond,
                TokensPerPeriod = requestsPerSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            }));
    });

    /// <summary>Metrics at /metrics for Prometheus; they and traces by OTLP where the usual variable names a collector.</summary>
    private static void AddTelemetry(IServiceCollection services, bool hasCollector)
    {
        var telemetry = services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter("MarginNet", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.RateLimiting")
            .AddPrometheusExporter());
        if (hasCollector)
        {
            telemetry.WithTracing(tracing => tracing.AddSource("MarginNet", "Microsoft.AspNetCore")).UseOtlpExporter();
        }
    }

    private sealed record Pixels([property: JsonPropertyName("pixels")] float[]? Values);
}
