namespace MarginNet.Checkpoints;

/// <summary>
/// An object of a class that nobody here knows, left closed: the name of its class, and the items that the pickle sets in it where it
/// is a dictionary of some kind. Nothing of it is looked up or called.
/// </summary>
internal sealed class ClosedObject(string name) : IStoredValue
{
    /// <summary>Its class, or the function that would make it.</summary>
    public string Name => name;

    /// <summary>Its items by name; empty where it is no dictionary.</summary>
    public Dictionary<string, object?> Items { get; } = [];

    /// <summary>Its attributes where the pickle gives a dictionary of them; null elsewhere.</summary>
    public Dictionary<string, object?>? Attributes { get; set; }

    string IStoredValue.Description => Name;

    bool IStoredValue.IsScalar => false;

    double[]? IStoredValue.ToDoubles() => null;
}
