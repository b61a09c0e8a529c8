using System.Globalization;

namespace MarginNet.Checkpoints;

/// <summary>
/// A pickle machine that runs nothing: it builds plain values, and leaves names, calls and storages to
/// <see cref="TorchObjects"/>, which knows a closed list of them and refuses the others or leaves them closed.
/// </summary>
/// <remarks>
/// Values take memory in proportion to the pickle, up to <see cref="MaxValues"/> of them. There is no recursion, whatever the nesting.
/// </remarks>
internal sealed class Unpickler
{
    /// <summary>Most values, and memo entries, that one pickle may make.</summary>
    public const int MaxValues = 1 << 21;

    private readonly PickleReader _reader;
    private readonly TorchObjects _objects;
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _made;

    private Unpickler(ReadOnlyMemory<byte> pickle, TorchObjects objects)
    {
        _reader = new PickleReader(pickle);
        _objects = objects;
    }

    /// <summary>Reads the value of a pickle.</summary>
    /// <exception cref="InvalidDataException">The pickle is malformed, names something that is not allowed, or is too large.</exception>
    public static object? Load(ReadOnlyMemory<byte> pickle, TorchObjects objects) => new Unpickler(pickle, objects).Run();

    private object? Run()
    {
        for (var opcode = _reader.ReadOpcode(); opcode != PickleOpcode.Stop; opcode = _reader.ReadOpcode())
        {
            Execute(opcode);
        }

        return Pop();
    }

    private void Execute(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Protocol: CheckProtocol(_reader.ReadByte()); break;
            case PickleOpcode.Frame: _ = _reader.ReadUInt64(); break;

            case PickleOpcode.None: Push(null); break;
            case PickleOpcode.True: Push(true); break;
            case PickleOpcode.False: Push(false); break;
            case PickleOpcode.BinInt: Push((long)_reader.ReadInt32()); break;
            case PickleOpcode.BinInt1: Push((long)_reader.ReadByte()); break;
            case PickleOpcode.BinInt2: Push(_reader.ReadUInt16()); break;
            case PickleOpcode.Long1: Push(ReadLong(_reader.ReadByte())); break;
            case PickleOpcode.Long4: Push(ReadLong(_reader.ReadUInt32())); break;
            case PickleOpcode.BinFloat: Push(_reader.ReadDouble()); break;
            case PickleOpcode.ShortBinUnicode: Push(_reader.ReadText(_reader.ReadByte())); break;
            case PickleOpcode.BinUnicode: Push(_reader.ReadText(_reader.ReadUInt32())); break;
            case PickleOpcode.BinUnicode8: Push(_reader.ReadText(_reader.ReadUInt64())); break;

            case PickleOpcode.EmptyTuple or PickleOpcode.EmptyList: Push(new List<object?>()); break;
            case PickleOpcode.Tuple1: Push(PopLast(1)); break;
            case PickleOpcode.Tuple2: Push(PopLast(2)); break;
            case PickleOpcode.Tuple3: Push(PopLast(3)); break;
            case PickleOpcode.Tuple: Push(PopToMark()); break;
            case PickleOpcode.Append: Append(PopLast(1)); break;
            case PickleOpcode.Appends: Append(PopToMark()); break;
            case PickleOpcode.EmptyDictionary: Push(new Dictionary<string, object?>()); break;
            case PickleOpcode.SetItem: SetItems(PopLast(2)); break;
            case PickleOpcode.SetItems: SetItems(PopToMark()); break;

            case PickleOpcode.ShortBinBytes when _objects.LeavesClosed: SkipBytes(_reader.ReadByte()); break;
            case PickleOpcode.BinBytes when _objects.LeavesClosed: SkipBytes(_reader.ReadUInt32()); break;
            case PickleOpcode.BinBytes8 or PickleOpcode.ByteArray8 when _objects.LeavesClosed: SkipBytes(_reader.ReadUInt64()); break;
            case PickleOpcode.EmptySet when _objects.LeavesClosed: Push(new List<object?>()); break;
            case PickleOpcode.AddItems when _objects.LeavesClosed: Append(PopToMark()); break;
            case PickleOpcode.FrozenSet when _objects.LeavesClosed: Push(PopToMark()); break;

            case PickleOpcode.Mark: Mark(); break;
            case PickleOpcode.Pop: _ = Pop(); break;
            case PickleOpcode.PopMark: _ = PopToMark(); break;
            case PickleOpcode.Duplicate: Push(Top); break;
            case PickleOpcode.BinPut: Remember(_reader.ReadByte()); break;
            case PickleOpcode.LongBinPut: Remember(_reader.ReadUInt32()); break;
            case PickleOpcode.Memoize: Remember((uint)_memo.Count); break;
            case PickleOpcode.BinGet: Push(Recall(_reader.ReadByte())); break;
            case PickleOpcode.LongBinGet: Push(Recall(_reader.ReadUInt32())); break;

            case PickleOpcode.Global: Push(_objects.Resolve(_reader.ReadLine(), _reader.ReadLine())); break;
            case PickleOpcode.StackGlobal: Push(Resolve(PopLast(2))); break;
            case PickleOpcode.BinPersistentId: Push(TorchObjects.Storage(Pop())); break;
            case PickleOpcode.Reduce: Push(Reduce(PopLast(2))); break;
            case PickleOpcode.NewObject when _objects.LeavesClosed: Push(Reduce(PopLast(2))); break;
            case PickleOpcode.NewObjectEx when _objects.LeavesClosed: Push(Reduce(PopLast(3))); break;
            case PickleOpcode.Build: TorchObjects.IgnoreState(Pop(), Top); break;

            default: throw Malformed($"has the opcode 0x{(byte)opcode:x2}, which no state dict needs,");
        }
    }

    private void CheckProtocol(byte protocol)
    {
        if (protocol is < 2 or > 5)
        {
            throw Malformed($"is of protocol {protocol}; expected 2 to 5,");
        }
    }

    private void Append(List<object?> items)
    {
        if (Top is ClosedObject)
        {
            return;
        }

        if (Top is not List<object?> list)
        {
            throw Malformed("appends to what is no list");
        }

        list.AddRange(items);
    }

    private void SetItems(List<object?> items)
    {
        if ((Top is ClosedObject closed ? closed.Items : Top) is not Dictionary<string, object?> dictionary || items.Count % 2 != 0)
        {
            throw Malformed("sets items of what is no dictionary");
        }

        for (var i = 0; i < items.Count; i += 2)
        {
            if (_objects.LeavesClosed && items[i] is not (string or long))
            {
                continue; // No name of a tensor.
            }

            var key = KeyOf(items[i]);
            if (!dictionary.TryAdd(key, items[i + 1]))
            {
                throw Malformed($"sets the key {FileText.Quote(key)} twice");
            }
        }
    }

    private string KeyOf(object? key) => key switch
    {
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        _ => throw Malformed($"has a dictionary key of type {TorchObjects.Describe(key)}; expected text or an integer,"),
    };

    private object? Resolve(List<object?> names) => names is [string module, string name]
        ? _objects.Resolve(module, name)
        : throw Malformed("has a name that is no text");

    private object? Reduce(List<object?> call) => call[1] is List<object?> arguments
        ? _objects.Call(call[0], arguments)
        : throw Malformed("has a call without arguments");

    private object? ReadLong(uint length) =>
        length > sizeof(long) && _objects.LeavesClosed ? SkippedBytes(length) : _reader.ReadLong(length);

    private void SkipBytes(ulong length) => Push(SkippedBytes(length));

    private ClosedObject SkippedBytes(ulong length)
    {
        _reader.Skip(length);
        return new("bytes");
    }

    private object? Top => _stack.Count > Floor ? _stack[^1] : throw Malformed("takes a value that is not there");

    private int Floor => _marks.TryPeek(out var mark) ? mark : 0;

    private void Push(object? value)
    {
        Spend();
        _stack.Add(value);
    }

    private object? Pop() => PopLast(1)[0];

    private List<object?> PopLast(int count) => _stack.Count - count >= Floor
        ? PopFrom(_stack.Count - count)
        : throw Malformed("takes a value that is not there");

    private List<object?> PopToMark() => _marks.TryPop(out var mark)
        ? PopFrom(mark)
        : throw Malformed("has no mark where one is needed");

    private List<object?> PopFrom(int start)
    {
        var values = _stack.GetRange(start, _stack.Count - start);
        _stack.RemoveRange(start, values.Count);
        return values;
    }

    private void Mark()
    {
        Spend();
        _marks.Push(_stack.Count);
    }

    private void Remember(uint index)
    {
        Spend();
        _memo[index] = Top;
    }

    private object? Recall(uint index) => _memo.TryGetValue(index, out var value)
        ? value
        : throw Malformed($"recalls the value {index}, which it never stored,");

    private void Spend()
    {
        if (++_made > MaxValues)
        {
            throw Malformed($"holds more than {MaxValues} values");
        }
    }

    private InvalidDataException Malformed(string what) => new($"Its pickle {what} before byte {_reader.Position}.");
}
