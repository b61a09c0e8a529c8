using System.Globalization;
using static TorchSharp.torch;

/// <summary>
/// Makes oneDNN believe that the processor does not tell the sizes of its caches, as under some hypervisors,
/// where its version 3.7 computes many convolutions wrongly: a real fault, on any Linux machine.
/// For every .NET process that has DOTNET_STARTUP_HOOKS name this assembly.
/// </summary>
/// <remarks>
/// oneDNN asks the processor once and keeps the sizes of the data caches of levels 1 to 3 side by side among LibTorch's variables. They are
/// found by their values, which Linux tells, and set to 0.
/// </remarks>
internal static unsafe class StartupHook
{
    private const string Caches = "/sys/devices/system/cpu/cpu0/cache";

    public static void Initialize()
    {
        // Not the SDK itself.
        if ($"{AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")}".Contains("/MarginNet.dll", StringComparison.Ordinal))
        {
            Convolve();
            if (Hide([.. Sizes()]) == 0)
            {
                throw new InvalidOperationException("oneDNN's cache sizes were not found in memory: the processor may hide them as it is.");
            }

            AppContext.SetSwitch("MarginNet.HiddenCaches", true); // For tests of what is different then.
        }
    }

    /// <summary>Has oneDNN ask the processor.</summary>
    private static void Convolve()
    {
        MarginNet.TorchNative.Prepare();
        using var scope = NewDisposeScope();
        nn.functional.conv2d(ones(4, 32, 9, 9), ones(32, 32, 3, 3));
    }

    /// <summary>The bytes of the data caches, level by level.</summary>
    private static IEnumerable<uint> Sizes() =>
        from index in Directory.EnumerateDirectories(Caches, "index*")
        where File.ReadAllText(Path.Combine(index, "type")).Trim() != "Instruction"
        orderby int.Parse(File.ReadAllText(Path.Combine(index, "level")), CultureInfo.InvariantCulture)
        select 1024 * uint.Parse(File.ReadAllText(Path.Combine(index, "size")).Trim().TrimEnd('K'), CultureInfo.InvariantCulture);

    /// <summary>Sets these numbers, where they stand side by side in the variables of LibTorch, to 0.</summary>
    /// <returns>How often they were found.</returns>
    private static int Hide(uint[] sizes)
    {
        var found = 0;
        var isTorch = false;
        foreach (var line in File.ReadAllLines("/proc/self/maps"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // What follows a file's own pages, without a file, are its variables that start at 0.
            if (isTorch && fields is [var range, "rw-p", _, _, _])
            {
                var ends = Array.ConvertAll(
                    range.Split('-'), address => long.Parse(address, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                var memory = new Span<uint>((void*)ends[0], (int)((ends[1] - ends[0]) / sizeof(uint)));
                for (int at; (at = memory.IndexOf(sizes)) >= 0; memory = memory[(at + sizes.Length)..])
                {
                    memory.Slice(at, sizes.Length).Clear();
                    found++;
                }
            }

            isTorch = fields[^1].EndsWith("/libtorch_cpu.so", StringComparison.Ordinal);
        }

        return found;
    }
}
