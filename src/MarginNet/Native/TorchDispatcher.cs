using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>
/// Calls operators of LibTorch by name, by its stable C interface (<c>torch_call_dispatcher</c>, from 2.10 on), for those that TorchSharp
/// does not have. An argument is 8 bytes; lists, and the tensors in them, are the callee's once they are passed.
/// </summary>
internal static unsafe class TorchDispatcher
{
    private const ulong Version = 0x020A_0000_0000_0000; // Of the interface that this is written for, 2.10.

    private static readonly delegate* unmanaged<byte*, byte*, ulong*, ulong, int> Dispatch =
        (delegate* unmanaged<byte*, byte*, ulong*, ulong, int>)Find("torch_call_dispatcher");

    private static readonly delegate* unmanaged<nint, nint*, int> NewList =
        (delegate* unmanaged<nint, nint*, int>)Find("torch_new_list_reserve_size");

    private static readonly delegate* unmanaged<nint, ulong, int> Push = (delegate* unmanaged<nint, ulong, int>)Find("torch_list_push_back");

    private static readonly delegate* unmanaged<nint, nint*, int> NewHandle =
        (delegate* unmanaged<nint, nint*, int>)Find("aoti_torch_new_tensor_handle");

    /// <summary>Whether LibTorch has it.</summary>
    public static bool CanCall { get; } = Dispatch != null && NewList != null && Push != null && NewHandle != null;

    /// <summary>A list of tensors as an argument.</summary>
    public static ulong List(IEnumerable<Tensor> tensors)
    {
        nint list, handle;
        ThrowIfFailed(NewList(0, &list), "torch_new_list_reserve_size");
        foreach (var tensor in tensors)
        {
            ThrowIfFailed(NewHandle(tensor.Handle, &handle), "aoti_torch_new_tensor_handle");
            ThrowIfFailed(Push(list, (ulong)handle), "torch_list_push_back");
        }

        return (ulong)list;
    }

    /// <summary>A number as an argument.</summary>
    public static ulong Number(double value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>True or false as an argument.</summary>
    public static ulong Flag(bool value) => value ? 1u : 0;

    /// <summary>No value of an optional argument.</summary>
    public static ulong None => 0;

    /// <summary>Calls an operator that returns nothing.</summary>
    /// <param name="name">Its name and a null character, such as <c>aten::_fused_sgd_\0</c>.</param>
    /// <param name="arguments">All of its arguments.</param>
    /// <exception cref="InvalidOperationException">It failed; LibTorch tells why on standard error.</exception>
    public static void Call(ReadOnlySpan<byte> name, params ReadOnlySpan<ulong> arguments)
    {
        byte overload = 0;
        fixed (byte* op = name)
        {
            fixed (ulong* stack = arguments)
            {
                ThrowIfFailed(Dispatch(op, &overload, stack, Version), System.Text.Encoding.ASCII.GetString(name).TrimEnd('\0'));
            }
        }
    }

    private static void* Find(string name) => TorchLibrary.Find(name, name);

    private static void ThrowIfFailed(int error, string name)
    {
        if (error != 0)
        {
            throw new InvalidOperationException($"LibTorch's {name} failed.");
        }
    }
}
