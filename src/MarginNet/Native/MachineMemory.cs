using System.Globalization;

namespace MarginNet.Native;

/// <summary>The memory that this process may use.</summary>
internal static class MachineMemory
{
    /// <summary>The limits of a container, by control groups of version 2 and of version 1: the file of the limit, of what is used,
    /// and in memory.stat what of it can be freed.</summary>
    private static readonly (string Folder, string Limit, string Used, string Reclaimable)[] Groups =
    [
        ("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "),
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
    ];

    /// <summary>All of it, and what of it is free or can be freed, in bytes.</summary>
    public static (long Total, long Available) Read()
    {
        if (!OperatingSystem.IsLinux())
        {
            GC.Collect(0); // The load is that of the last collection, of which there may be none.
            var memory = GC.GetGCMemoryInfo();
            return (memory.TotalAvailableMemoryBytes, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes);
        }

        var (total, available) = (1024 * Number("/proc/meminfo", "MemTotal:"), 1024 * Number("/proc/meminfo", "MemAvailable:"));
        foreach (var (folder, limitFile, used, reclaimable) in Groups)
        {
            var limit = Number(Path.Combine(folder, limitFile), "");
            if (limit > 0 && limit < total)
            {
                var free = limit - Number(Path.Combine(folder, used), "") + Number(Path.Combine(folder, "memory.stat"), reclaimable);
                (total, available) = (limit, Math.Clamp(free, 0, available));
            }
        }

        return (total, available);
    }

    /// <summary>The number after a key, in the first line that begins with it; 0 where there is none.</summary>
    private static long Number(string file, string key)
    {
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal)) : null;
        var number = line?[key.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
    }
}
