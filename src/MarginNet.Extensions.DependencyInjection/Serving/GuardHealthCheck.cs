using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace MarginNet.Serving;

/// <summary>Whether a guard judges, and by what it should.</summary>
internal sealed class GuardHealthCheck(MarginGuard guard, IOptions<MarginNetOptions> options) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var batches = guard.Current;
        var data = new Dictionary<string, object>
        {
            ["model"] = Path.GetFileName(options.Value.Model),
            ["version"] = batches.Card.Version,
            ["waiting"] = batches.Waiting,
            ["drift_log_martingale"] = batches.LogMartingale,
        };
        return Task.FromResult((batches, guard.Refusal) switch
        {
            ({ Failure: { } failure }, _) =>
                new HealthCheckResult(context.Registration.FailureStatus, $"The last batch failed: {failure.Message}", failure, data),
            ({ Waiting: var waiting }, _) when waiting >= options.Value.QueueLimit =>
                new(context.Registration.FailureStatus, $"The queue is full: {waiting} images wait.", exception: null, data),
            (_, { } refusal) =>
                HealthCheckResult.Degraded($"The model file has changed and cannot be used; the last one judges. {refusal}", data: data),
            ({ HasDrifted: true }, _) => HealthCheckResult.Degraded("There was a drift alarm since the model was loaded.", data: data),
            _ => HealthCheckResult.Healthy("It judges.", data),
        });
    }
}
