using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>The forward pass of a TorchScript program, which gives a tensor, or several in a tuple, a list or a dictionary.</summary>
internal sealed class TorchScriptCall : IDisposable
{
    // Operators that take one scale of 8 bits from the numbers of a whole batch, such as quantized.linear_dynamic.
    private const string Dynamic = "_dynamic(";

    private readonly byte[]? _withMethods;
    private readonly bool _isOneByOne;

    /// <summary>Loads a program, which may run it.</summary>
    public TorchScriptCall(ReadOnlyMemory<byte> program)
    {
        _withMethods = TorchScriptDictionary.WithMethods(program);
        _isOneByOne = TorchScriptArchive.CodeHas(program, Dynamic);
        Module = jit.load(_withMethods ?? program.ToArray());
        Module.eval();
        using var scope = NewDisposeScope();
        foreach (var parameter in Module.parameters())
        {
            parameter.requires_grad = false;
        }
    }

    public jit.ScriptModule Module { get; }

    /// <summary>Computes the one tensor, or the one of a name.</summary>
    public Tensor Run(Tensor images, string? name) => _isOneByOne && images.shape[0] > 1
        ? cat([.. Enumerable.Range(0, (int)images.shape[0]).Select(i => RunTogether(images.narrow(0, i, 1), name))])
        : RunTogether(images, name);

    /// <summary>
    /// Computes all tensors that it gives, with their names: none for a single one, keys of a dictionary, numbers in a tuple.
    /// </summary>
    public (string Name, Tensor? Value)[] Outputs(Tensor images)
    {
        if (_withMethods is not null)
        {
            using var codes = (Tensor)Module.invoke(TorchScriptDictionary.Keys, images);
            var keys = string.Concat(codes.data<long>().ToArray().Select(code => char.ConvertFromUtf32((int)code))).Split('\n');
            return Module.invoke(TorchScriptDictionary.Values, images) is Tensor[] values && values.Length == keys.Length
                ? [.. keys.Zip(values, (key, value) => (key, (Tensor?)value))]
                : throw new InvalidDataException("It returns a dictionary whose keys cannot be told.");
        }

        return Module.forward(images) switch
        {
            Tensor single => [("", single)],
            ITuple tuple => [.. Enumerable.Range(0, tuple.Length).Select(i => ($"{i}", tuple[i] as Tensor))],
            IEnumerable list and not string => [.. list.Cast<object?>().Select((item, i) => ($"{i}", item as Tensor))],
            _ => throw new InvalidDataException("It returns no tensor: expected scores [N, C]."),
        };
    }

    public void Dispose() => Module.Dispose();

    /// <summary>Whether an exception tells of a program that fails.</summary>
    public static bool IsFailure(Exception e) =>
        e is ExternalException or InvalidCastException or ArgumentException or NotSupportedException or NotImplementedException;

    private Tensor RunTogether(Tensor images, string? name)
    {
        if (name is null && _withMethods is null)
        {
            return Module.forward(images) as Tensor ?? throw new InvalidDataException("It returned one tensor before, and now something " +
                "else.");
        }

        var outputs = Outputs(images);
        return outputs.FirstOrDefault(output => output.Name == name).Value
            ?? throw new InvalidDataException($"It has no tensor '{name}' among its outputs this time.");
    }
}
