using MarginNet.Graph;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A graph for scoring, of the weights that there are now.</summary>
internal sealed class FoldedGraph : IDisposable
{
    private readonly Tensor[] _own; // That folding made.
    private readonly NetworkGraph _steps;

    public FoldedGraph(NetworkGraph graph, Tensor[] parameters)
    {
        using var inference = no_grad();
        (Graph, var folded) = AffineFolding.Fold(graph, parameters);
        _steps = InPlaceSteps.Of(Graph);
        _own = [.. folded
            .Where(tensor => !Array.Exists(parameters, own => ReferenceEquals(own, tensor)))
            .Select(tensor => tensor.DetachFromDisposeScope())];
        Parameters = folded;
    }

    public NetworkGraph Graph { get; }

    public IReadOnlyList<Tensor> Parameters { get; }

    /// <summary>Computes scores; the caller disposes them.</summary>
    public Tensor Run(Tensor images) => _steps.Run(images, Parameters);

    public void Dispose() => Array.ForEach(_own, tensor => tensor.Dispose());
}
