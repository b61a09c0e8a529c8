namespace MarginNet.Checkpoints;

/// <summary>A value of a file that is not plain, such as a tensor.</summary>
internal interface IStoredValue
{
    /// <summary>What messages say of it.</summary>
    string Description { get; }

    /// <summary>Whether it is a single number.</summary>
    bool IsScalar { get; }

    /// <summary>Its numbers, if it has any.</summary>
    double[]? ToDoubles();
}
