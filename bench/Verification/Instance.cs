namespace MarginNet.Bench.Verification;

/// <param name="Network">The network's file.</param>
/// <param name="Property">The property's file.</param>
/// <param name="Timeout">The longest time that the set gives.</param>
internal sealed record Instance(string Network, string Property, TimeSpan Timeout)
{
    public string Name => $"{Path.GetFileName(Network)} {Path.GetFileName(Property)}";
}
