namespace MarginNet.Checkpoints;

/// <summary>
/// Checks a value read from a pickle, which may contain itself or share its parts so that walking it as a tree never ends.
/// </summary>
internal static class PlainGraph
{
    /// <summary>Deepest nesting of lists and dictionaries that is read or written.</summary>
    public const int MaxDepth = 100;

    /// <summary>Refuses a value that is not plain, nested too deep, or too large when its shared parts are counted each time.</summary>
    /// <param name="root">The value.</param>
    /// <param name="allowsClosed">Whether a <see cref="ClosedObject"/> may be anywhere in it.</param>
    public static void Check(object? root, bool allowsClosed = false)
    {
        var left = Unpickler.MaxValues;
        Check(root, depth: 0, allowsClosed, ref left);
    }

    private static void Check(object? value, int depth, bool allowsClosed, ref int left)
    {
        if (--left < 0)
        {
            throw new InvalidDataException($"It unfolds to more than {Unpickler.MaxValues} values.");
        }

        if (depth > MaxDepth)
        {
            throw new InvalidDataException($"Its values are nested deeper than {MaxDepth}.");
        }

        switch (value)
        {
            case null or bool or long or double or string or StoredTensor:
                break;
            case List<object?> list:
                foreach (var item in list)
                {
                    Check(item, depth + 1, allowsClosed, ref left);
                }

                break;
            case Dictionary<string, object?> dictionary:
                foreach (var item in dictionary.Values)
                {
                    Check(item, depth + 1, allowsClosed, ref left);
                }

                break;
            case ClosedObject closed when allowsClosed:
                Check(closed.Items, depth + 1, allowsClosed, ref left);
                Check(closed.Attributes, depth + 1, allowsClosed, ref left);
                break;
            default:
                if (allowsClosed)
                {
                    break; // A name or a storage that no tensor came of.
                }

                throw new InvalidDataException($"It holds {TorchObjects.Describe(value)} as a value; expected tensors and plain values.");
        }
    }
}
