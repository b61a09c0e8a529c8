using System.Text.Json;

namespace AspNetGuard;

/// <summary>The routes of the service.</summary>
internal static class GuardService
{
    private const int MaxRequestBytes = 10_000_000;

    public static WebApplication Create(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        var path = builder.Configuration["model"] ?? "demo.pt";
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = MaxRequestBytes);
        builder.Services.AddSingleton(new Guard(path)); // Now, so that a wrong file stops the start and not the first request.
        var app = builder.Build();
        app.MapGet("/health", () => new { Status = "healthy", Model = Path.GetFileName(path) });
        app.MapPost("/classify", ClassifyAsync);
        return app;
    }

    /// <summary>Answers to an image file, or to JSON: {"pixels": [...]}. <paramref name="cancellation"/> is the request's own:
    /// a client that hangs up frees its place.</summary>
    private static async Task<IResult> ClassifyAsync(HttpRequest request, Guard guard, CancellationToken cancellation)
    {
        try
        {
            if (request.HasJsonContentType())
            {
                var body = await request.ReadFromJsonAsync<Pixels>(cancellation);
                return Results.Ok(await guard.ClassifyAsync(body?.Values ?? [], cancellation));
            }

            using var file = new MemoryStream();
            await request.Body.CopyToAsync(file, cancellation);
            return Results.Ok(await guard.ClassifyAsync(file.ToArray(), cancellation));
        }
        catch (BadHttpRequestException e)
        {
            return Results.Text(e.Message, statusCode: e.StatusCode);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            return Results.Text(e.Message.ReplaceLineEndings(" "), statusCode: StatusCodes.Status400BadRequest);
        }
    }

    private sealed record Pixels([property: System.Text.Json.Serialization.JsonPropertyName("pixels")] float[]? Values);
}
