// Gives damaged files to the readers of MarginNet until they have had enough. See FuzzRun for what must not happen.
using System.CommandLine;
using System.Diagnostics;
using MarginNet.Fuzz;

var names = new Argument<string[]>("readers") { Description = "Which readers; all by default.", Arity = ArgumentArity.ZeroOrMore };
names.AcceptOnlyFromAmong([.. Readers.All.Select(reader => reader.Name)]);
var inputs = new Option<long>("--inputs") { DefaultValueFactory = _ => 10_000, Description = "Inputs for each reader." };
var seed = new Option<int>("--seed") { DefaultValueFactory = _ => 1, Description = "Of the damage: the same seed gives the same inputs." };
var findings = new Option<string>("--findings")
{
    DefaultValueFactory = _ => "fuzz-findings",
    Description = "The folder for inputs that a reader failed at.",
};

var root = new RootCommand("Fuzzing of every reader.") { names, inputs, seed, findings };
root.SetAction(parsed =>
{
    // A reader may change the current folder.
    var (failed, chosen, folder) = (0, parsed.GetValue(names)!, Path.GetFullPath(parsed.GetValue(findings)!));
    foreach (var reader in Readers.All.Where(reader => chosen.Length == 0 || chosen.Contains(reader.Name)))
    {
        using var run = new FuzzRun(reader, parsed.GetValue(seed));
        try
        {
            var result = run.Run(parsed.GetValue(inputs));
            using var process = Process.GetCurrentProcess();
            Console.WriteLine(
                FormattableString.Invariant(
                    $"{reader.Name,-14} {result.Accepted + result.Refused,9} inputs  {result.Accepted,8} read  {result.Refused,9} refused  {result.Time.TotalSeconds,7:f1} s  {100 * result.MostAllocated,5:f1} % of the allocation limit  peak {process.PeakWorkingSet64 >> 20} MiB"));
        }
        catch (FuzzException e)
        {
            failed++;
            var file = Path.Combine(
                Directory.CreateDirectory(folder).FullName, $"{reader.Name}-seed{parsed.GetValue(seed)}{reader.Extension}");
            File.WriteAllBytes(file, e.Input);
            Console.WriteLine($"{reader.Name,-14} {e.Message}\n  input: {file}\n{e.InnerException}");
        }
    }

    return failed;
});
return root.Parse(args).Invoke();
