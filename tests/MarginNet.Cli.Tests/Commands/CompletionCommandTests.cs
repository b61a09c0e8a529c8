using System.Diagnostics;

namespace MarginNet.Cli.Tests.Commands;

public sealed class CompletionCommandTests
{
    [Theory]
    [InlineData("marginnet tr", "train")]
    [InlineData("marginnet train --lo", "--loss")]
    [InlineData("marginnet train --loss shifted", "shifted-softmax")]
    [InlineData("marginnet completion z", "zsh")]
    [InlineData("marginnet doc", "doctor")]
    [InlineData("marginnet doctor --j", "--json")]
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

    [ShellTheory("bash")]
    [InlineData("marginnet tr", "train")]
    [InlineData("marginnet pv", "pvalue")]
    public async Task Bash_completes_by_the_script(string line, string expected) => Assert.Equal(expected, await CompleteAsync("bash", line, """
        marginnet() { dotnet "$TOOL" "$@"; }
        . "$COMPLETION"
        COMP_LINE=$LINE; COMP_POINT=${#LINE}; COMP_WORDS=($LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _marginnet; echo "${COMPREPLY[@]}"
        """));

    /// <summary>zsh completes at a terminal only, so it is given one and the tab key.</summary>
    [ShellTheory("zsh")]
    [InlineData("marginnet tr", "train")]
    [InlineData("cd . && marginnet train --loss shifted", "shifted-softmax")]
    [InlineData("marginnet train --data-dir /et", "/etc")]
    public async Task Zsh_completes_by_the_script(string line, string expected)
    {
        var shown = await CompleteAsync("zsh", line, """
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'autoload -Uz compinit; compinit -u -D; marginnet() { dotnet "$TOOL" "$@" }; . "$COMPLETION"; bindkey "^I" complete-word; echo rea""dy'
            zpty -r -m shell output '*ready*'
            zpty -w -n shell "$LINE"$'\t'
            zpty -r -m shell output "*$EXPECTED*"
            print -r -- "$output"
            zpty -d shell
            """, expected);
        Assert.Contains(expected, shown, StringComparison.Ordinal);
    }

    [ShellTheory("fish")]
    [InlineData("marginnet tr", "train")]
    [InlineData("cd . && marginnet train --loss shifted", "shifted-softmax")]
    [InlineData("marginnet train --data-dir /et", "/etc/")]
    public async Task Fish_completes_by_the_script(string line, string expected) => Assert.Equal(expected, await CompleteAsync("fish", line, """
        function marginnet; dotnet $TOOL $argv; end
        source $COMPLETION
        complete -C $LINE
        """));

    [ShellTheory("pwsh")]
    [InlineData("marginnet tr", "train")]
    [InlineData("cd .; marginnet train --loss shifted", "shifted-softmax")]
    [InlineData("marginnet train --data-dir /et", "/etc")]
    public async Task PowerShell_completes_by_the_script(string line, string expected) => Assert.Equal(expected, await CompleteAsync("pwsh", line, """
        function marginnet { dotnet $env:TOOL @args }
        . ([scriptblock]::Create((Get-Content -Raw $env:COMPLETION)))
        (TabExpansion2 $env:LINE $env:LINE.Length).CompletionMatches.CompletionText
        """));

    /// <summary>Runs commands in a shell that knows the tool's assembly, the script and the line to complete.</summary>
    private static async Task<string> CompleteAsync(string shell, string line, string commands, string expected = "")
    {
        using var tool = new Tool();
        await File.WriteAllTextAsync(tool.File("completion"), (await Tool.RunAsync("completion", shell)).Output);
        var start = new ProcessStartInfo(shell, ["-c", commands]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TOOL"] = Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll");
        start.Environment["COMPLETION"] = tool.File("completion");
        (start.Environment["LINE"], start.Environment["EXPECTED"]) = (line, expected);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.EndAsync();
        Assert.True(process.ExitCode == 0, error);
        return (await output).Trim();
    }
}
