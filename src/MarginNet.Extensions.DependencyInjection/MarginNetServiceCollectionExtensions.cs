using MarginNet.Serving;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds MarginNet to the services of a program.</summary>
public static class MarginNetServiceCollectionExtensions
{
    /// <summary>
    /// Adds an <see cref="IMarginGuard"/>, a single one for the whole program. Its options are those of the section <c>MarginNet</c> of the
    /// configuration, where there is one, and then of <paramref name="configure"/>. They are checked and the model is loaded when the host
    /// starts, which a wrong option or a damaged file stops by one line.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes options; null for those of the configuration.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddMarginNet(this IServiceCollection services, Action<MarginNetOptions>? configure = null)
    {
        services.AddMetrics();
        services.AddLogging();
        services.AddOptions<MarginNetOptions>()
            .Configure<IServiceProvider>((options, provider) => Bind(options, provider.GetService<IConfiguration>()))
            .Configure(options => configure?.Invoke(options))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MarginNetOptions>, MarginNetOptionsValidator>());
        services.TryAddSingleton<IModelLoader, OnnxModelLoader>();
        services.TryAddSingleton<GuardMetrics>();
        services.TryAddSingleton<MarginGuard>();
        services.TryAddSingleton<IMarginGuard>(provider => provider.GetRequiredService<MarginGuard>());
        services.AddHostedService<ModelFileWatch>();
        return services;
    }

    /// <summary>
    /// Adds a health check of the <see cref="IMarginGuard"/>: unhealthy while its queue is full or its last batch failed; degraded after
    /// a drift alarm, and while a changed model file cannot be used; else healthy.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">What it is called. Default <c>marginnet</c>.</param>
    /// <param name="tags">Its tags; default none.</param>
    /// <returns>The health checks.</returns>
    public static IHealthChecksBuilder AddMarginNet(
        this IHealthChecksBuilder builder, string name = "marginnet", IEnumerable<string>? tags = null) =>
        builder.AddCheck<GuardHealthCheck>(name, failureStatus: null, tags ?? []);

    private static void Bind(MarginNetOptions options, IConfiguration? configuration)
    {
        try
        {
            configuration?.GetSection(MarginNetOptions.Section).Bind(options, binder => binder.ErrorOnUnknownConfiguration = true);
        }
        catch (InvalidOperationException e)
        {
            throw new OptionsValidationException(MarginNetOptions.Section, typeof(MarginNetOptions), [e.Message]); // No number, no option.
        }
    }
}
