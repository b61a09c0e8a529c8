using System.Diagnostics;
using MarginNet.Cli.Tests.Commands;
using MarginNet.Tests;

namespace MarginNet.Cli.Tests.Documentation;

/// <summary>The scripts and the manifest of docs/howto/shards.</summary>
public sealed class ShardScriptTests
{
    private static readonly string Folder = Repository.File("docs/howto/shards");

    [Fact]
    public void The_job_of_Kubernetes_has_as_many_completions_as_its_command_has_shards_counted_from_1()
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, "kubernetes.yaml")).Where(line => !line.TrimStart().StartsWith('#')).ToArray();
        Assert.All(lines, line => Assert.True(line.TakeWhile(c => c == ' ').Count() % 2 == 0));
        Assert.DoesNotContain(lines, line => line.Contains('\t', StringComparison.Ordinal));
        string Value(string key) => Assert.Single(lines, line => line.TrimStart().StartsWith(key + ":", StringComparison.Ordinal))
            .Split(':', 2)[1].Trim();
        Assert.Equal(
            ("batch/v1", "Job", "Indexed", "Never"), (Value("apiVersion"), Value("kind"), Value("completionMode"), Value("restartPolicy")));
        var count = Value("completions");
        var command = string.Join(' ', lines.SkipWhile(line => !line.Contains(">-", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.Contains("resources:", StringComparison.Ordinal)).Select(line => line.Trim()));
        Assert.StartsWith("i=$((JOB_COMPLETION_INDEX + 1)) && exec marginnet ", command, StringComparison.Ordinal);
        Assert.Contains($"--shard $i/{count} --shard-out shards/$i.shard", command, StringComparison.Ordinal);
        var arguments = command[(command.IndexOf("exec marginnet", StringComparison.Ordinal) + "exec marginnet ".Length)..];
        Assert.Empty(CommandLine.CreateRoot().Parse(arguments.Replace("$i", "1", StringComparison.Ordinal).Split(' ')).Errors);
    }

    [ShellTheory("parallel")]
    [InlineData(2)]
    public async Task The_script_for_GNU_parallel_ends_a_command_as_one_run_does(int count)
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        await File.WriteAllTextAsync(
            tool.File("marginnet"), $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tool.File("marginnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        string[] command = ["evaluate", "--model", tool.File("m.pt"), "--limit-test", "200"];
        using var whole = ToolProcess.Start([.. command, "--threads", "1", "--json", tool.File("whole.json")]); // Threads are a process's.
        await whole.EndAsync();
        Assert.Equal(0, whole.ExitCode);
        var start = new ProcessStartInfo(
            Path.Combine(Folder, "parallel.sh"), [$"{count}", .. command, "--json", tool.File("merged.json")])
        {
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(tool.File("m.pt"))}:{start.Environment["PATH"]}";
        using var process = Process.Start(start)!;
        var error = await process.EndAsync();
        Assert.True(process.ExitCode == 0, error);
        Assert.Equal(File.ReadAllBytes(tool.File("whole.json")), File.ReadAllBytes(tool.File("merged.json")));
    }
}
