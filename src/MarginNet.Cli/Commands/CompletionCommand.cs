using System.CommandLine;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet completion</c>: prints a script that makes a shell complete commands, options and values,
/// by asking the tool's own parser.</summary>
internal sealed class CompletionCommand : Command
{
    private const string Bash = """
        _marginnet() {
            COMPREPLY=($(compgen -W "$(marginnet "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _marginnet marginnet
        """;

    private const string Zsh = """
        _marginnet() {
            local line="${words[1,CURRENT]}"
            local -a suggestions=("${(@f)$(marginnet "[suggest:${#line}]" "$line" 2>/dev/null)}")
            compadd -- $suggestions || _files
        }
        compdef _marginnet marginnet
        """;

    private const string Fish = """
        function __marginnet_complete
            set -l line (commandline -cp)
            marginnet "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c marginnet -a '(__marginnet_complete)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName marginnet -ScriptBlock {
            param($word, $line, $position)
            marginnet "[suggest:$($position - $line.Extent.StartOffset)]" "$line" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;

    private static readonly Dictionary<string, string> Scripts = new()
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
        ["pwsh"] = PowerShell,
    };

    private readonly Argument<string> _shell = new("shell") { Description = "The shell to complete for." };

    public CompletionCommand()
        : base("completion", "Print a script that makes a shell complete the commands, options and values of marginnet.")
    {
        _shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        Add(_shell);
        SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(Scripts[parsed.GetValue(_shell)!].ReplaceLineEndings("\n")));
    }
}
