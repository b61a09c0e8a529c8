using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MarginNet.Arrays;
using MarginNet.Checkpoints;
using MarginNet.Margins;

namespace MarginNet.Cli.Reproduction;

/// <summary>Class scores as a NumPy file: float32, shape [N, C], as <c>marginnet pvalue --logits</c> reads it.</summary>
internal static class ScoreFile
{
    private const int HeaderAlignment = 64;

    /// <summary>Writes the file, whole or not at all.</summary>
    public static void Write(string path, ScoreMatrix scores) => AtomicFile.Write(path, stream =>
    {
        var header = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({scores.Count}, {scores.ClassCount}), }}");
        var length = ((10 + header.Length + HeaderAlignment) / HeaderAlignment * HeaderAlignment) - 10; // A line feed ends it.
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)length, (byte)(length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(length - 1) + '\n'));
        for (var i = 0; i < scores.Count; i++)
        {
            stream.Write(MemoryMarshal.AsBytes(scores[i]));
        }
    });

    public static ScoreMatrix Read(string path)
    {
        var logits = ArrayFile.ReadLogits(path);
        return new(Array.ConvertAll(logits.Values.ToArray(), value => (float)value), logits.Columns);
    }
}
