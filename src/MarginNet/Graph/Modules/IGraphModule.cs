namespace MarginNet.Graph.Modules;

/// <summary>A module that says itself, beside its forward, what it computes in evaluation mode.</summary>
internal interface IGraphModule
{
    /// <summary>Adds what it computes to a graph.</summary>
    /// <param name="graph">The graph, as the module sees it: names in it are relative to the module's own.</param>
    /// <param name="input">The value that it is given.</param>
    /// <returns>The value that it returns.</returns>
    Operand AddTo(ModuleGraph graph, Operand input);
}
