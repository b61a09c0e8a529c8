namespace MarginNet.Tests.Native;

/// <summary>A test for a processor that hides the sizes of its caches, or one that <c>tests/HiddenCaches</c> makes look so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HiddenCachesFactAttribute : FactAttribute
{
    public HiddenCachesFactAttribute()
    {
        if (!AppContext.TryGetSwitch("MarginNet.HiddenCaches", out var isHidden) || !isHidden)
        {
            Skip = "oneDNN knows the sizes of the caches here; eng/isa-matrix runs this where it does not.";
        }
    }
}
