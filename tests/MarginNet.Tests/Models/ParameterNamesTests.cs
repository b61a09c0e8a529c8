using MarginNet.Models;

namespace MarginNet.Tests.Models;

public sealed class ParameterNamesTests
{
    [Theory]
    [InlineData("layer1.0.conv1.weight fc.bias", "layer1.0.conv1.weight fc.bias")]
    [InlineData("a a a.b", "a a_ a_b")]
    [InlineData("a.b a", "a.b a_")]
    [InlineData("a..b . /x/Constant_output_0", "a._.b _._ /x/Constant_output_0")]
    public void Names_stay_what_they_are_unless_a_state_dict_cannot_have_them(string names, string expected) =>
        Assert.Equal(expected.Split(' '), ParameterNames.Of(names.Split(' ')));
}
