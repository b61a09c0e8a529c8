namespace MarginNet.Tests.Checkpoints;

/// <summary>Damage of the kinds that find faults in readers: bits, bytes, edge values, cuts, repeats.</summary>
internal static class Mutation
{
    private static readonly byte[] Edges = [0x00, 0x01, 0x7f, 0x80, 0xff];

    /// <summary>A copy of the bytes with one to four pieces of damage.</summary>
    public static byte[] Of(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var i = random.Next(1, 5); i > 0 && bytes.Count > 8; i--)
        {
            var at = random.Next(bytes.Count - 8);
            var length = random.Next(1, 8);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes[at] = Edges[random.Next(Edges.Length)]; break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(random.Next(bytes.Count - 8), length)); break;
                default: Array.ForEach([.. Enumerable.Range(at, length)], k => bytes[k] = 0xff); break;
            }
        }

        return [.. bytes];
    }
}
