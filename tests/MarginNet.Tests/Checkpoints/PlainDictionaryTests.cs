using MarginNet.Checkpoints;

namespace MarginNet.Tests.Checkpoints;

public sealed class PlainDictionaryTests
{
    [Fact]
    public void A_key_with_line_ends_of_any_length_is_told_in_one_short_line()
    {
        var values = new PlainDictionary(new Dictionary<string, object?>(), "state_dict");
        var error = Assert.Throws<InvalidDataException>(() => values.Tensor("a\nb" + new string('x', 10_000)));
        Assert.Contains("'state_dict.a?bx", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1, 400);
    }
}
