using static TorchSharp.torch;

namespace MarginNet.Checkpoints;

/// <summary>
/// The names that a state dict's pickle may hold, and what each becomes. They are matched as text: no code of that name is
/// ever looked up or called.
/// </summary>
/// <param name="archive">Where the tensors' elements are.</param>
/// <param name="leavesClosed">Whether other names become a <see cref="ClosedObject"/>; else they are refused.</param>
internal sealed class TorchObjects(CheckpointArchive archive, bool leavesClosed = false)
{
    private readonly StridedCopies _copies = new(archive.Length);

    /// <summary>Whether names outside the list are left closed.</summary>
    public bool LeavesClosed => leavesClosed;

    /// <summary>What a name stands for: a dtype is its own text, every other name a token.</summary>
    public object Resolve(string module, string name)
    {
        var full = $"{module}.{name}";
        return full switch
        {
            _ when ElementTypes.FromDtype(full) is not null => full,
            _ when ElementTypes.FromStorage(full) is { } type => new StorageType(type),
            "torch.UntypedStorage" or "torch.storage.UntypedStorage" => new StorageType(ScalarType.Byte),
            "collections.OrderedDict" or
            "torch.Size" or
            "torch.device" or
            "torch._utils._rebuild_tensor" or
            "torch._utils._rebuild_tensor_v2" or
            "torch._utils._rebuild_tensor_v3" or
            "torch._utils._rebuild_parameter" or
            "torch._utils._rebuild_parameter_with_state" => new Function(full),
            "torch._tensor._rebuild_from_type_v2" when leavesClosed => new Function(full),
            _ when leavesClosed => new ClosedObject(full),
            _ => throw new InvalidDataException(
                $"It names {FileText.Show(full)}, which no state dict needs: nothing of it is run; save only tensors and plain values."),
        };
    }

    /// <summary>What a persistent id stands for: ('storage', class, key, device, number of elements).</summary>
    public static object Storage(object? id) =>
        id is List<object?> and ["storage", StorageType type, string key, string, long count]
            ? new StorageReference(type.Type, key, count)
            : id is List<object?> and ["storage", ClosedObject other, ..] ? other
            : throw new InvalidDataException("It refers to something outside its pickle that is no storage of a tensor.");

    /// <summary>What a call of one of the names makes of its arguments.</summary>
    public object Call(object? callee, List<object?> arguments) => (callee, arguments) switch
    {
        (ClosedObject unknown, _) => Close(unknown, arguments),
        (Function, [ClosedObject unknown, ..]) => new ClosedObject(unknown.Name), // A tensor of a storage of another type.
        // A tensor with attributes.
        (Function { Name: "torch._tensor._rebuild_from_type_v2" }, [Function rebuild, _, List<object?> own, _]) => Call(rebuild, own),
        (Function { Name: "collections.OrderedDict" }, []) => new Dictionary<string, object?>(),
        (Function { Name: "torch.Size" }, [List<object?> sizes]) => sizes,
        (Function { Name: "torch.device" }, [string type]) => type,
        (Function { Name: "torch.device" }, [string type, long index]) => $"{type}:{index}",
        (Function { Name: "torch._utils._rebuild_tensor" }, [StorageReference storage, long offset, List<object?> size, List<object?> stride]) =>
            Tensor(storage, offset, size, stride),
        (Function { Name: "torch._utils._rebuild_tensor_v2" }, [StorageReference storage, long offset, List<object?> size, List<object?> stride, bool, var hooks, .. var rest]) =>
            NumberOr(Tensor(storage, offset, size, stride, rest), hooks),
        (Function { Name: "torch._utils._rebuild_tensor_v3" }, [StorageReference storage, long offset, List<object?> size, List<object?> stride, bool, _, string dtype, .. var rest])
            when ElementTypes.FromDtype(dtype) is { } type => Tensor(storage.As(type), offset, size, stride, rest),
        (Function { Name: "torch._utils._rebuild_parameter" }, [StoredTensor data, bool, _]) => data,
        (Function { Name: "torch._utils._rebuild_parameter_with_state" }, [StoredTensor data, bool, _, _]) => data,
        _ => throw new InvalidDataException(
            $"It calls {Describe(callee)} with arguments that torch.save does not write: "
            + $"({string.Join(", ", arguments.Take(8).Select(Describe))})."),
    };

    /// <summary>Accepts, and drops, the attributes of an OrderedDict: PyTorch's _metadata.</summary>
    public static void IgnoreState(object? state, object? target)
    {
        if (target is ClosedObject closed)
        {
            closed.Attributes = state as Dictionary<string, object?>;
            return;
        }

        if (state is not Dictionary<string, object?> || target is not Dictionary<string, object?>)
        {
            throw new InvalidDataException($"It sets the state of {Describe(target)}; expected only attributes of an OrderedDict.");
        }
    }

    /// <summary>A value in a few words for a message.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        string text => FileText.Quote(text),
        List<object?> => "a list",
        Dictionary<string, object?> => "a dictionary",
        StoredTensor => "a tensor",
        StorageReference or StorageType => "a storage",
        Function function => function.Name,
        ClosedObject closed => FileText.Show(closed.Name),
        _ => FormattableString.Invariant($"{value}"),
    };

    /// <summary>What a call of an unknown name makes; a dictionary among its arguments, as a Counter has, is of its items.</summary>
    private static ClosedObject Close(ClosedObject callee, List<object?> arguments)
    {
        var made = new ClosedObject(callee.Name);
        foreach (var (key, value) in arguments is [Dictionary<string, object?> items] ? items : [])
        {
            made.Items[key] = value;
        }

        return made;
    }

    private StoredTensor Tensor(StorageReference storage, long offset, List<object?> size, List<object?> stride, List<object?>? rest = null)
    {
        if (rest is [Dictionary<string, object?> { Count: > 0 } metadata, ..])
        {
            throw new InvalidDataException(
                $"A tensor is marked {FileText.Quote(metadata.Keys.First())}; save it as tensor.resolve_neg().resolve_conj().");
        }

        var view = new StridedView(storage.Type, storage.Count, offset, Integers(size), Integers(stride));
        view.Check(storage.Key);
        return _copies.Take(view, archive.ReadStorage(storage.Key, storage.Count * ElementTypes.SizeOf(storage.Type)));
    }

    // A scalar without hooks is a number of ours; torch.save always writes an OrderedDict there. See PyTorchWriteOptions.
    private static object NumberOr(StoredTensor tensor, object? hooks) =>
        hooks is null && tensor is { Type: ScalarType.Float64, Shape.IsEmpty: true } ? tensor.ToDoubles()[0] : tensor;

    private static long[] Integers(List<object?> values) => values.TrueForAll(value => value is long)
        ? [.. values.Cast<long>()]
        : throw new InvalidDataException("The shape of a tensor is not made of integers.");

    private sealed record StorageType(ScalarType Type);

    private sealed record Function(string Name);

    /// <summary>A storage of the archive, not read yet: its element type, entry data/KEY and number of elements.</summary>
    private sealed record StorageReference(ScalarType Type, string Key, long Count)
    {
        /// <summary>The same bytes as elements of another type.</summary>
        public StorageReference As(ScalarType type) =>
            new(type, Key, Count * ElementTypes.SizeOf(Type) / ElementTypes.SizeOf(type));
    }
}
