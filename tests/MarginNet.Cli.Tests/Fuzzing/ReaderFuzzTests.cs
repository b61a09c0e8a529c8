using MarginNet.Fuzz;

namespace MarginNet.Cli.Tests.Fuzzing;

/// <summary>A few inputs of what <c>bench/Fuzz</c> tries by the million.</summary>
public sealed class ReaderFuzzTests
{
    private static readonly int[] Classes = [0];

    public static TheoryData<string> Names => [.. Readers.All.Select(reader => reader.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Whatever_the_bytes_a_reader_returns_or_throws_its_documented_exception_in_bounded_time_and_memory(string name)
    {
        const int Inputs = 600;
        using var run = new FuzzRun(Readers.All.Single(reader => reader.Name == name), seed: 1);
        var result = run.Run(Inputs);
        Assert.Equal(Inputs, result.Accepted + result.Refused);
        Assert.True(result.Refused > Inputs / 20);
    }

    [Fact]
    public void A_reader_that_fails_writes_or_allocates_without_measure_is_found_out()
    {
        Assert.Contains("IndexOutOfRange", Finding(path => _ = Classes[File.ReadAllBytes(path).Length]), StringComparison.Ordinal);
        Assert.Contains(
            "in one line that names the file", Finding(_ => throw new InvalidDataException("It is damaged.")), StringComparison.Ordinal);
        Assert.Contains("allocates", Finding(path => File.ReadAllBytes(path).CopyTo(new byte[10_000_000], 0)), StringComparison.Ordinal);
        Assert.Contains("left ", Finding(path => File.WriteAllText(path + "/../../x", "")), StringComparison.Ordinal);
    }

    private static string Finding(Action<string> read)
    {
        using var run = new FuzzRun(new("test", ".bin", [new byte[100]], read), seed: 1);
        return Assert.Throws<FuzzException>(() => run.Run(10)).Message;
    }
}
