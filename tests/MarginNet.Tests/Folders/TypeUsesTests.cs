namespace MarginNet.Tests.Folders;

public sealed class TypeUsesTests
{
    [Theory]
    [InlineData(nameof(InLambda))]
    [InlineData(nameof(InIterator))]
    [InlineData(nameof(InTask))]
    [InlineData(nameof(AsArgument))]
    [InlineData(nameof(AsConstraint))]
    [InlineData(nameof(InAttribute))]
    public void A_use_is_seen_wherever_it_is(string user)
    {
        var uses = TypeUses.Of(typeof(Used).Assembly.Location, typeof(Used).Namespace!);
        Assert.Contains(($"{typeof(Used).Namespace}.{user}", typeof(Used).FullName!), uses);
        Assert.DoesNotContain(uses, use => use.From == typeof(Used).FullName);
    }
}

internal abstract class Used
{
    public static int Value { get; set; }
}

internal static class InLambda
{
    public static Func<Action> Outer { get; } = () => () => Used.Value++;
}

internal static class InIterator
{
    public static IEnumerable<int> Values()
    {
        yield return Used.Value;
    }
}

internal static class InTask
{
    public static async Task Run()
    {
        await Task.Yield();
        Used.Value++;
    }
}

internal static class AsArgument
{
    public static int Size => new List<Used[]>().Count;
}

internal static class AsConstraint
{
    public static string NameOf<T>()
        where T : Used => typeof(T).Name;
}

[System.ComponentModel.TypeConverter(typeof(Used))]
internal static class InAttribute;
