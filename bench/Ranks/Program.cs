// Measures what a step on several ranks is made of, as lines of JSON: started alone the parts of a step, under mpirun the sums over all
// ranks. See bench/run-ranks; with the argument peer, bench/run-ddp.
using System.Text.Json;
using MarginNet.Distributed;
using MarginNet.Models;
using MarginNet.Ranks;
using TorchSharp;

torch.set_num_threads(1);
if (MpiGroup.Join() is { } group)
{
    Action<IProcessGroup> run = args is ["peer"] ? Peer.Run : Reduction.Run;
    run(group);
    MpiGroup.Leave();
    return;
}

Console.WriteLine(JsonSerializer.Serialize(StepCost.Measure("FastNet", () => new FastNet(), 16, 64)));
Console.WriteLine(JsonSerializer.Serialize(StepCost.Measure("ResNet-18", () => new ResNet18(), 4, 12)));
