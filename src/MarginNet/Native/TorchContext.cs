namespace MarginNet.Native;

/// <summary>LibTorch's <c>at::globalContext()</c>, whose members are its settings for the process.</summary>
internal static unsafe class TorchContext
{
    /// <summary>Its address; 0 where LibTorch does not export it.</summary>
    public static nint Handle { get; } = Call("_ZN2at13globalContextEv", "?globalContext@at@@YAAEAVContext@1@XZ");

    private static nint Call(string name, string windowsName)
    {
        var function = (delegate* unmanaged<nint>)TorchLibrary.Find(name, windowsName);
        return function == null ? 0 : function();
    }
}
