namespace MarginNet.Graph;

/// <summary>What training does with a tensor of a graph.</summary>
internal enum ParameterRole
{
    /// <summary>It stays as it is.</summary>
    Constant,

    /// <summary>It is learned.</summary>
    Weight,

    /// <summary>It follows the batches, as the running statistics of a batch-norm.</summary>
    Statistic,
}
