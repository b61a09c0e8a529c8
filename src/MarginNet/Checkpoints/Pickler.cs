using System.Buffers;
using System.Buffers.Binary;
using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace MarginNet.Checkpoints;

/// <summary>Writes a graph of tensors and plain values as the protocol-2 pickle of torch.save, and collects the storages.</summary>
internal sealed class Pickler
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly PyTorchWriteOptions _options;
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly List<ReadOnlyMemory<byte>> _storages = [];
    private readonly Dictionary<StorageIdentity, int> _keys = [];
    private readonly Dictionary<long, StoredTensor> _numbers = [];

    private Pickler(PyTorchWriteOptions options) => _options = options;

    public ReadOnlyMemory<byte> Pickle => _output.WrittenMemory;

    /// <summary>The bytes of data/0, data/1, …</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Storages => _storages;

    /// <exception cref="ArgumentException">A value cannot be written.</exception>
    public static Pickler Dump(object? graph, PyTorchWriteOptions options)
    {
        var pickler = new Pickler(options);
        pickler.Write(PickleOpcode.Protocol);
        pickler.WriteByte(2);
        pickler.WriteValue(graph, "graph", depth: 0);
        pickler.Write(PickleOpcode.Stop);
        return pickler;
    }

    private void WriteValue(object? value, string place, int depth)
    {
        if (depth > PlainGraph.MaxDepth)
        {
            throw new ArgumentException($"{place[..80]}… is nested deeper than {PlainGraph.MaxDepth}.", nameof(value));
        }

        switch (value)
        {
            case null: Write(PickleOpcode.None); break;
            case bool flag: Write(flag ? PickleOpcode.True : PickleOpcode.False); break;
            case int number: WriteInteger(number); break;
            case long number: WriteInteger(number); break;
            case float number: WriteNumber(number); break;
            case double number: WriteNumber(number); break;
            case string text: WriteText(text); break;
            case StoredTensor tensor: WriteTensor(tensor, hasHooks: true); break;
            case double[] numbers: WriteTensor(StoredTensor.FromDoubles(numbers), hasHooks: true); break;
            case IDictionary dictionary: WriteDictionary(dictionary, place, depth); break;
            case IEnumerable list: WriteList(list, place, depth); break;
            default: throw new ArgumentException($"{place} is a {value.GetType()}; expected a tensor or a plain value.", nameof(value));
        }
    }

    private void WriteInteger(long number)
    {
        if (number is >= int.MinValue and <= int.MaxValue)
        {
            Write(PickleOpcode.BinInt);
            WriteInt32((int)number);
        }
        else
        {
            Write(PickleOpcode.Long1);
            WriteByte(sizeof(long));
            BinaryPrimitives.WriteInt64LittleEndian(_output.GetSpan(sizeof(long)), number);
            _output.Advance(sizeof(long));
        }
    }

    private void WriteNumber(double number)
    {
        if (_options.NumbersAsTensors)
        {
            WriteTensor(Scalar(number), hasHooks: false);
            return;
        }

        Write(PickleOpcode.BinFloat);
        BinaryPrimitives.WriteDoubleBigEndian(_output.GetSpan(sizeof(double)), number);
        _output.Advance(sizeof(double));
    }

    /// <summary>A number as a tensor; equal bits share one storage.</summary>
    private StoredTensor Scalar(double number)
    {
        ref var scalar = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, BitConverter.DoubleToInt64Bits(number), out _);
        return scalar ??= new StoredTensor(ScalarType.Float64, [], StoredTensor.FromDoubles([number]).Data);
    }

    private void WriteText(string text)
    {
        Write(PickleOpcode.BinUnicode);
        WriteInt32(StrictUtf8.GetByteCount(text));
        StrictUtf8.GetBytes(text, _output);
    }

    private void WriteDictionary(IDictionary dictionary, string place, int depth)
    {
        // A state dict is an OrderedDict in PyTorch.
        if (dictionary.Count > 0 && dictionary.Values.Cast<object?>().All(value => value is StoredTensor))
        {
            WriteEmptyOrderedDict();
        }
        else
        {
            Write(PickleOpcode.EmptyDictionary);
        }

        Write(PickleOpcode.Mark);
        foreach (DictionaryEntry entry in dictionary)
        {
            var key = entry.Key as string ??
                throw new ArgumentException($"{place} has the key {entry.Key}, which is not text.", nameof(dictionary));
            WriteText(key);
            WriteValue(entry.Value, $"{place}['{key}']", depth + 1);
        }

        Write(PickleOpcode.SetItems);
    }

    private void WriteList(IEnumerable list, string place, int depth)
    {
        Write(PickleOpcode.EmptyList);
        Write(PickleOpcode.Mark);
        var index = 0;
        foreach (var item in list)
        {
            WriteValue(item, $"{place}[{index++}]", depth + 1);
        }

        Write(PickleOpcode.Appends);
    }

    /// <summary>torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks).</summary>
    private void WriteTensor(StoredTensor tensor, bool hasHooks)
    {
        WriteGlobal("torch._utils", "_rebuild_tensor_v2");
        Write(PickleOpcode.Mark);
        WriteStorage(tensor);
        WriteInteger(0);
        WriteTuple([.. tensor.Shape]);
        WriteTuple(Strides([.. tensor.Shape]));
        Write(PickleOpcode.False);
        if (hasHooks)
        {
            WriteEmptyOrderedDict();
        }
        else
        {
            Write(PickleOpcode.None);
        }

        Write(PickleOpcode.Tuple);
        Write(PickleOpcode.Reduce);
    }

    /// <summary>The persistent id ('storage', class, key, device, number of elements).</summary>
    private void WriteStorage(StoredTensor tensor)
    {
        Write(PickleOpcode.Mark);
        WriteText("storage");
        WriteGlobal("torch", ElementTypes.StorageOf(tensor.Type)["torch.".Length..]);
        WriteText(KeyOf(tensor).ToString(CultureInfo.InvariantCulture));
        WriteText("cpu");
        WriteInteger(tensor.Count);
        Write(PickleOpcode.Tuple);
        Write(PickleOpcode.BinPersistentId);
    }

    /// <summary>The number of the tensor's storage; tensors over the same memory share one, so tied weights stay tied.</summary>
    private int KeyOf(StoredTensor tensor)
    {
        var identity = MemoryMarshal.TryGetArray(tensor.Data, out var segment) && segment.Array is { } array && segment.Count > 0
            ? new StorageIdentity(array, segment.Offset, segment.Count, tensor.Type)
            : new StorageIdentity(tensor, 0, 0, tensor.Type);
        if (!_keys.TryGetValue(identity, out var key))
        {
            key = _keys[identity] = _storages.Count;
            _storages.Add(tensor.Data);
        }

        return key;
    }

    private static long[] Strides(long[] shape)
    {
        var strides = new long[shape.Length];
        long stride = 1;
        for (var k = shape.Length - 1; k >= 0; k--)
        {
            strides[k] = stride;
            stride *= Math.Max(shape[k], 1);
        }

        return strides;
    }

    private void WriteTuple(long[] values)
    {
        Write(PickleOpcode.Mark);
        foreach (var value in values)
        {
            WriteInteger(value);
        }

        Write(PickleOpcode.Tuple);
    }

    private void WriteEmptyOrderedDict()
    {
        WriteGlobal("collections", "OrderedDict");
        Write(PickleOpcode.EmptyTuple);
        Write(PickleOpcode.Reduce);
    }

    private void WriteGlobal(string module, string name)
    {
        Write(PickleOpcode.Global);
        Encoding.ASCII.GetBytes($"{module}\n{name}\n", _output);
    }

    private void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_output.GetSpan(sizeof(int)), value);
        _output.Advance(sizeof(int));
    }

    private void Write(PickleOpcode opcode) => WriteByte((byte)opcode);

    private void WriteByte(byte value)
    {
        _output.GetSpan(1)[0] = value;
        _output.Advance(1);
    }

    private readonly record struct StorageIdentity(object Memory, int Offset, int Length, ScalarType Type);
}
