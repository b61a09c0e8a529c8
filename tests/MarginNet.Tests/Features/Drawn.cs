using MarginNet.Arrays;

namespace MarginNet.Tests.Features;

/// <summary>Features to test with.</summary>
internal static class Drawn
{
    public static NumericArray Array(int rows, int columns, Func<int, int, double> value) => new(
        Enumerable.Range(0, rows).SelectMany(i => Enumerable.Range(0, columns).Select(j => value(i, j))).ToArray(), rows, columns,
        IsVector: false);

    public static double Normal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    public static NumericArray Normals(Random random, int rows, int columns) => Array(rows, columns, (_, _) => random.Normal());

    /// <summary>The samples A z + b.</summary>
    public static NumericArray Map(this NumericArray z, double[,] a, double[] b) => Array(
        z.Rows, a.GetLength(0), (i, j) => b[j] + Enumerable.Range(0, z.Columns).Sum(k => a[j, k] * z.Row(i)[k]));

    /// <summary>300 samples that numpy draws to the same digits:
    /// <c>i=arange(300)[:,None]; j=arange(3)[None,:];
    /// z=sin(1+3.7*i+1.3*j*i+5*j)+0.5*cos(0.9*i*i+2*j)+where(i%3==0,1.1,0)*(j+1)</c>.</summary>
    public static NumericArray Reference { get; } = Array(300, 3, (i, j) => Math.Sin(1 + (3.7 * i) + (1.3 * j * i) + (5 * j))
        + (0.5 * Math.Cos((0.9 * i * i) + (2 * j))) + ((i % 3 == 0 ? 1.1 : 0) * (j + 1)));

    public static int[] ReferenceLabels { get; } = [.. Enumerable.Range(0, 300).Select(i => i % 3)];
}
