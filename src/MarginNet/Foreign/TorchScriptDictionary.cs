using System.IO.Compression;
using System.Text;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>
/// A TorchScript program that returns a dictionary of tensors, which TorchSharp cannot take: two methods are added to a copy of it, one
/// that gives the values as a list and one that gives the keys.
/// </summary>
internal static class TorchScriptDictionary
{
    public const string Values = "marginnet_values";

    /// <summary>Gives the code points of the keys, with line ends between them.</summary>
    public const string Keys = "marginnet_keys";

    private const string Returned = "-> Dict[str, Tensor]:";
    private const string Forward = "\n  def forward(";

    /// <summary>The program with both methods; null where it returns something else.</summary>
    /// <param name="program">An archive that <see cref="TorchScriptArchive"/> has checked.</param>
    public static byte[]? WithMethods(ReadOnlyMemory<byte> program)
    {
        using var source = new ZipArchive(new MemoryStream(program.ToArray(), writable: false), ZipArchiveMode.Read);
        if (RootClass(source) is not ({ } entry, var type) || AddTo(Text(entry), type) is not { } code)
        {
            return null;
        }

        using var target = new MemoryStream();
        using (var zip = new ZipArchive(target, ZipArchiveMode.Create, leaveOpen: true))
        {
            // Of places in the code before.
            foreach (var other in source.Entries.Where(other => !other.FullName.EndsWith(".debug_pkl", StringComparison.Ordinal)))
            {
                using var copy = zip.CreateEntry(other.FullName, CompressionLevel.NoCompression).Open();
                using var content = other == entry ? new MemoryStream(Encoding.UTF8.GetBytes(code)) : other.Open();
                content.CopyTo(copy);
            }
        }

        return target.ToArray();
    }

    /// <summary>The code of the module's class, and the class's whole name, with which its pickle begins.</summary>
    private static (ZipArchiveEntry? Code, string Type) RootClass(ZipArchive archive)
    {
        const string Pickle = "/data.pkl";
        if (archive.Entries.FirstOrDefault(entry => entry.FullName.EndsWith(Pickle, StringComparison.Ordinal)) is not { } pickle)
        {
            return (null, "");
        }

        const int Enough = 1 << 12;
        var start = Bytes(pickle, Enough);
        if (start is not [0x80, 2, (byte)PickleOpcode.Global, ..])
        {
            return (null, "");
        }

        var reader = new PickleReader(start);
        reader.Skip(3);
        var (module, name) = (reader.ReadLine(), reader.ReadLine());
        return (archive.GetEntry($"{pickle.FullName[..^Pickle.Length]}/code/{module.Replace('.', '/')}.py"), $"{module}.{name}");
    }

    private static string? AddTo(string code, string type)
    {
        var start = code.IndexOf($"class {type[(type.LastIndexOf('.') + 1)..]}(Module):", StringComparison.Ordinal);
        var forward = start < 0 ? -1 : code.IndexOf(Forward, start, StringComparison.Ordinal);
        var arrow = forward < 0 ? -1 : code.IndexOf("->", forward, StringComparison.Ordinal);
        var end = arrow < 0 ? -1 : code.IndexOf(":\n", arrow, StringComparison.Ordinal);
        if (end < 0 || !code[forward..(end + 1)].EndsWith(Returned, StringComparison.Ordinal))
        {
            return null;
        }

        var methods = $"""

              def {Values}(self: {type},
                x: Tensor) -> List[Tensor]:
                return torch.values((self).forward(x, ))
              def {Keys}(self: {type},
                x: Tensor) -> Tensor:
                keys = torch.join("\n", torch.keys((self).forward(x, )))
                codes = annotate(List[int], [])
                for i in range(torch.len(keys)):
                  _0 = torch.append(codes, torch.ord(keys[i]))
                return torch.tensor(codes)
            """;
        return code[..forward] + methods.ReplaceLineEndings("\n") + code[forward..];
    }

    private static string Text(ZipArchiveEntry entry) => Encoding.UTF8.GetString(Bytes(entry, int.MaxValue));

    private static byte[] Bytes(ZipArchiveEntry entry, int most)
    {
        var bytes = new byte[Math.Min(most, entry.Length)];
        using var content = entry.Open();
        return bytes[..content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }
}
