namespace MarginNet.Native;

/// <summary>LibTorch's switch for oneDNN, whose kernels compute its float32 convolutions on a CPU; what is left without it is slower,
/// and plain.</summary>
/// <remarks>The switch is one for the process. TorchSharp does not have it: these are functions that LibTorch exports,
/// under the names its compilers give them.</remarks>
internal static unsafe class OneDnn
{
    private static readonly Lock Gate = new();
    private static readonly nint Context = TorchContext.Handle;
    private static readonly delegate* unmanaged<nint, byte, void> Switch = (delegate* unmanaged<nint, byte, void>)TorchLibrary.Find(
        "_ZN2at7Context20setUserEnabledMkldnnEb", "?setUserEnabledMkldnn@Context@at@@QEAAX_N@Z");

    private static readonly delegate* unmanaged<nint, byte> Read = (delegate* unmanaged<nint, byte>)TorchLibrary.Find(
        "_ZNK2at7Context17userEnabledMkldnnEv", "?userEnabledMkldnn@Context@at@@QEBA_NXZ");

    private static int _holders;
    private static bool _wasOn;
    private static long _switched;

    static OneDnn()
    {
        // NNPACK, which LibTorch asks for single images, is no faster here and complains on standard error
        // wherever the processor hides its caches.
        var nnpack = (delegate* unmanaged<nint, byte, void>)TorchLibrary.Find(
            "_ZN2at7Context20setUserEnabledNNPACKEb", "?setUserEnabledNNPACK@Context@at@@QEAAX_N@Z");
        if (Context != 0 && nnpack != null)
        {
            nnpack(Context, 0);
        }
    }

    /// <summary>Whether LibTorch has the switch.</summary>
    public static bool CanSwitch => Context != 0 && Switch != null && Read != null;

    /// <summary>Whether convolutions may use it at present.</summary>
    public static bool IsOn => !CanSwitch || Read(Context) != 0;

    /// <summary>How often it was switched so far: a computation across which this stays had one state.</summary>
    public static long Switched => Volatile.Read(ref _switched);

    /// <summary>Makes sure that LibTorch is loaded and NNPACK off.</summary>
    public static void Prepare()
    {
        // Empty on purpose: the call itself runs the static constructor.
    }

    /// <summary>Keeps it off, for every thread, until the result is disposed; scopes may overlap.</summary>
    public static IDisposable Off()
    {
        lock (Gate)
        {
            if (CanSwitch && _holders++ == 0)
            {
                _wasOn = IsOn;
                Set(false);
            }
        }

        return new Scope();
    }

    private static void Set(bool isOn)
    {
        _switched++;
        Switch(Context, isOn ? (byte)1 : (byte)0);
    }

    private sealed class Scope : IDisposable
    {
        private bool _isDisposed;

        public void Dispose()
        {
            lock (Gate)
            {
                if (!_isDisposed && CanSwitch && --_holders == 0 && _wasOn)
                {
                    Set(true);
                }

                _isDisposed = true;
            }
        }
    }
}
