using MarginNet.Cli.Pages;

namespace MarginNet.Cli.Tests.Pages;

public sealed class HtmlTests
{
    [Fact]
    public void Text_is_encoded_and_html_is_not()
    {
        var inner = Html.Format($"<b>{"<script>&\""}</b>");
        Assert.Equal("<b>&lt;script&gt;&amp;&quot;</b>", inner.Text);
        Assert.Equal(
            "<p><b>&lt;script&gt;&amp;&quot;</b>μ ≥ 1.50 86.70 %</p>", Html.Format($"<p>{inner}{"μ ≥ "}{1.5:f2} {0.867:p2}</p>").Text);
        Assert.Equal("<i>1</i><i>2</i>", Html.Format($"{new[] { 1, 2 }.Select(i => Html.Format($"<i>{i}</i>"))}").Text);
    }
}
