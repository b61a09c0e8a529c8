using static TorchSharp.torch;
using DeviceType = TorchSharp.DeviceType;

namespace MarginNet.Native;

/// <summary>
/// LibTorch's autocast: within a scope, convolutions and products of a thread cast float32 to fewer bits, and what needs float32 casts
/// back. Backward passes belong outside of it: they follow what was computed.
/// </summary>
/// <remarks>TorchSharp does not have it: these are functions that LibTorch exports, under the names its compilers give them.</remarks>
internal static unsafe class Autocast
{
    private static readonly delegate* unmanaged<sbyte, byte> Read = (delegate* unmanaged<sbyte, byte>)TorchLibrary.Find(
        "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE", "?is_autocast_enabled@autocast@at@@YA_NW4DeviceType@c10@@@Z");

    private static readonly delegate* unmanaged<sbyte, byte, void> Switch = (delegate* unmanaged<sbyte, byte, void>)TorchLibrary.Find(
        "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb", "?set_autocast_enabled@autocast@at@@YAXW4DeviceType@c10@@_N@Z");

    private static readonly delegate* unmanaged<sbyte, sbyte> ReadType = (delegate* unmanaged<sbyte, sbyte>)TorchLibrary.Find(
        "_ZN2at8autocast18get_autocast_dtypeEN3c1010DeviceTypeE",
        "?get_autocast_dtype@autocast@at@@YA?AW4ScalarType@c10@@W4DeviceType@4@@Z");

    private static readonly delegate* unmanaged<sbyte, sbyte, void> SetType = (delegate* unmanaged<sbyte, sbyte, void>)TorchLibrary.Find(
        "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE",
        "?set_autocast_dtype@autocast@at@@YAXW4DeviceType@c10@@W4ScalarType@4@@Z");

    private static readonly delegate* unmanaged<int> Enter = (delegate* unmanaged<int>)TorchLibrary.Find(
        "_ZN2at8autocast17increment_nestingEv", "?increment_nesting@autocast@at@@YAHXZ");

    private static readonly delegate* unmanaged<int> Leave = (delegate* unmanaged<int>)TorchLibrary.Find(
        "_ZN2at8autocast17decrement_nestingEv", "?decrement_nesting@autocast@at@@YAHXZ");

    private static readonly delegate* unmanaged<void> ClearCache = (delegate* unmanaged<void>)TorchLibrary.Find(
        "_ZN2at8autocast11clear_cacheEv", "?clear_cache@autocast@at@@YAXXZ");

    /// <summary>Whether LibTorch has it.</summary>
    public static bool CanSwitch { get; } = Read != null && Switch != null && ReadType != null && SetType != null && Enter != null
        && Leave != null && ClearCache != null;

    /// <summary>Whether it is on for a device, on this thread.</summary>
    public static bool IsOn(DeviceType device) => CanSwitch && Read((sbyte)device) != 0;

    /// <summary>The numbers it casts to on a device, on this thread.</summary>
    public static ScalarType Type(DeviceType device) => CanSwitch ? (ScalarType)ReadType((sbyte)device) : ScalarType.Float32;

    /// <summary>Computes in a precision until the result is disposed, on the same thread; scopes may be nested.</summary>
    /// <exception cref="NotSupportedException">It is not float32, and LibTorch does not export autocast.</exception>
    public static Scope Use(Precision precision, DeviceType device)
    {
        ThrowIfMissing(precision);
        return precision switch
        {
            Precision.BFloat16 => new(device, isOn: true, ScalarType.BFloat16),
            Precision.Float16 => new(device, isOn: true, ScalarType.Float16),
            _ => default,
        };
    }

    /// <summary>Computes as without autocast until the result is disposed, on the same thread.</summary>
    public static Scope Off(DeviceType device) => IsOn(device) ? new(device, isOn: false, Type(device)) : default;

    /// <summary>Requires what a precision needs.</summary>
    /// <inheritdoc cref="Use"/>
    public static void ThrowIfMissing(Precision precision)
    {
        if (!CanSwitch && precision is Precision.BFloat16 or Precision.Float16)
        {
            throw new NotSupportedException(
                $"This LibTorch does not export autocast (at::autocast::set_autocast_enabled), which {precision} needs: compute in float32.");
        }
    }

    /// <summary>A part of a thread's work with autocast switched; the default one switches nothing.</summary>
    public readonly ref struct Scope
    {
        private readonly bool _isSwitched;
        private readonly DeviceType _device;
        private readonly bool _wasOn;
        private readonly ScalarType _type;

        public Scope(DeviceType device, bool isOn, ScalarType type)
        {
            (_isSwitched, _device, _wasOn, _type) = (true, device, IsOn(device), Type(device));
            Set(device, isOn, type);
            _ = Enter();
        }

        public void Dispose()
        {
            if (!_isSwitched)
            {
                return;
            }

            // Weights are cast once within the outermost scope; after it they may change.
            if (Leave() == 0)
            {
                ClearCache();
            }

            Set(_device, _wasOn, _type);
        }

        private static void Set(DeviceType device, bool isOn, ScalarType type)
        {
            Switch((sbyte)device, isOn ? (byte)1 : (byte)0);
            SetType((sbyte)device, (sbyte)type);
        }
    }
}
