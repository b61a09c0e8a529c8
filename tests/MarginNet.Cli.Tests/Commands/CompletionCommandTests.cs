using System.Diagnostics;

namespace MarginNet.Cli.Tests.Commands;

public sealed class CompletionCommandTests
{
    [Theory]
    [InlineData("marginnet tr", "train")]
    [InlineData("marginnet train --lo", "--loss")]
    [InlineData("marginnet train --loss shifted", "shifted-softmax")]
    [InlineData("marginnet completion z", "zsh")]
    public async Task The_tool_completes_commands_options_and_values(string line, string expected)
    {
        var run = await Tool.RunAsync($"[suggest:{line.Length}]", line);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(expected, run.OutputLines.Select(suggestion => suggestion.TrimEnd()));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _marginnet marginnet")]
    [InlineData("zsh", "compdef _marginnet marginnet")]
    [InlineData("fish", "complete -c marginnet")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public async Task There_is_a_script_for_every_shell(string shell, string expected) =>
        Assert.Contains(expected, (await Tool.RunAsync("completion", shell)).Output, StringComparison.Ordinal);

    [LinuxTheory]
    [InlineData("tr", "train")]
    [InlineData("pv", "pvalue")]
    public async Task Bash_completes_by_the_script(string word, string expected)
    {
        var script = (await Tool.RunAsync("completion", "bash")).Output;
        var start = new ProcessStartInfo("bash", ["-c", $$"""
            marginnet() { dotnet "$TOOL" "$@"; }
            {{script}}
            COMP_LINE="marginnet {{word}}"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(marginnet {{word}}); COMP_CWORD=1
            _marginnet; echo "${COMPREPLY[@]}"
            """]) { RedirectStandardOutput = true };
        start.Environment["TOOL"] = Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll");
        using var bash = Process.Start(start)!;
        Assert.Equal(expected, (await bash.StandardOutput.ReadToEndAsync()).Trim());
    }
}
