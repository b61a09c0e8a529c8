using System.CommandLine;
using MarginNet.Cli.Options;
using static TorchSharp.torch;

namespace MarginNet.Cli.Commands;

/// <summary><c>marginnet load-in-trial</c>, hidden: loads a model and nothing else, for <see cref="Input.TrialProcess"/>.</summary>
internal sealed class TrialCommand : Command
{
    public const string Word = "load-in-trial";

    private readonly Argument<string> _file = new("file") { Description = "The model file." };
    private readonly ForeignOptions _foreign = new();

    public TrialCommand()
        : base(Word, "Load a model file and nothing else.")
    {
        Hidden = true;
        Add(_file);
        _foreign.AddTo(this);
        SetAction(parsed => _foreign.LoadHere(parsed, parsed.GetValue(_file)!, CPU).Dispose());
    }
}
