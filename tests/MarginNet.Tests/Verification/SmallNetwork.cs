using MarginNet.Graph;
using MarginNet.Graph.Operations;
using MarginNet.Verification;
using static TorchSharp.torch;

namespace MarginNet.Tests.Verification;

/// <summary>A random network of dense layers and gates, with formulas of its own.</summary>
/// <param name="Weights">Of each layer, shape [outputs][inputs], float32 numbers.</param>
/// <param name="Biases">Of each layer, shape [outputs].</param>
/// <param name="Closed">The slope of the gates below 0.</param>
internal sealed record SmallNetwork(double[][][] Weights, double[][] Biases, double Closed)
{
    public static SmallNetwork Random(Random random, int inputs, double closed, int mostHidden = 2, int mostNeurons = 5)
    {
        var hidden = Enumerable.Range(0, random.Next(1, mostHidden + 1)).Select(_ => random.Next(2, mostNeurons + 1));
        int[] sizes = [inputs, .. hidden, random.Next(1, 4)];
        double Number() => (float)((random.NextDouble() * 2) - 1);
        double[][] Matrix(int rows, int columns) =>
            [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, columns).Select(_ => Number()).ToArray())];
        return new(
            [.. sizes.Skip(1).Select((size, l) => Matrix(size, sizes[l]))],
            [.. sizes.Skip(1).Select(size => Matrix(1, size)[0])], closed);
    }

    public int Inputs => Weights[0][0].Length;

    public int Outputs => Biases[^1].Length;

    /// <summary>Each layer's weights times a number of its own; biases go with the product of those so far.</summary>
    public SmallNetwork Scaled(params double[] scales)
    {
        double All(int l) => scales.Take(l + 1).Aggregate(1.0, (product, scale) => product * scale);
        double[] Times(double[] numbers, double scale) => Array.ConvertAll(numbers, number => (double)(float)(number * scale));
        return this with
        {
            Weights = [.. Weights.Select((weight, l) => Array.ConvertAll(weight, row => Times(row, scales[l])))],
            Biases = [.. Biases.Select((bias, l) => Times(bias, All(l)))],
        };
    }

    /// <summary>The same as a graph; its tensors belong to the dispose scope.</summary>
    public NetworkGraph Graph()
    {
        var graph = new GraphBuilder(new(Dimension.Batch, Inputs));
        var value = graph.Input;
        for (var l = 0; l < Weights.Length; l++)
        {
            float[] weight = [.. Weights[l].SelectMany(row => row).Select(w => (float)w)];
            float[] bias = [.. Biases[l].Select(b => (float)b)];
            value = graph.Add(
                $"dense{l}", new Gemm(1, 1, false, true), value,
                graph.Constant($"w{l}", tensor(weight, [bias.Length, Weights[l][0].Length])), graph.Constant($"b{l}", tensor(bias)));
            if (l < Weights.Length - 1)
            {
                value = graph.Add($"gate{l}", Closed == 0 ? new Relu() : new LeakyRelu(Closed), value);
            }
        }

        return graph.ToGraph(value);
    }

    public double[] Run(double[] input)
    {
        for (var l = 0; l < Weights.Length; l++)
        {
            input = Affine(l, input);
            if (l < Weights.Length - 1)
            {
                input = Array.ConvertAll(input, z => z > 0 ? z : z * Closed);
            }
        }

        return input;
    }

    /// <summary>The least excess of a query over its box of two inputs: by the polygons on which the network is linear.</summary>
    public double LeastExcess(Query query)
    {
        var (left, right, low, high) = (query.Lower[0], query.Upper[0], query.Lower[1], query.Upper[1]);
        double[][] box = [[left, low], [right, low], [right, high], [left, high]];
        var least = double.PositiveInfinity;
        foreach (var piece in Pieces(new(box), 0, corners => corners))
        {
            foreach (var conjunction in query.Unsafe)
            {
                double Row(double[] x, int row) => conjunction.Weights[row].Zip(Run(x), (a, y) => a * y).Sum() - conjunction.Limits[row];
                for (var row = 0; row < conjunction.Limits.Length; row++)
                {
                    var part = piece;
                    for (var other = 0; other < conjunction.Limits.Length; other++)
                    {
                        part = part.Where(x => Row(x, row) - Row(x, other));
                    }

                    least = Math.Min(least, part.Corners.Select(x => Row(x, row)).DefaultIfEmpty(double.PositiveInfinity).Min());
                }
            }
        }

        return least;
    }

    /// <param name="piece">A polygon on which the first layers are linear.</param>
    /// <param name="l">How many those are.</param>
    /// <param name="before">Their value at a point.</param>
    private IEnumerable<Polygon> Pieces(Polygon piece, int l, Func<double[], double[]> before)
    {
        if (l == Weights.Length - 1)
        {
            return [piece];
        }

        IEnumerable<Polygon> parts = [piece];
        for (var k = 0; k < Biases[l].Length; k++)
        {
            var neuron = k;
            double Value(double[] x) => Affine(l, before(x))[neuron];
            parts = [.. parts.SelectMany(part => (Polygon[])[part.Where(Value), part.Where(x => -Value(x))])
                .Where(part => part.Corners.Length > 0)];
        }

        return parts.SelectMany(part => Pieces(part, l + 1, x => Array.ConvertAll(Affine(l, before(x)), z => z > 0 ? z : z * Closed)));
    }

    private double[] Affine(int l, double[] x) =>
        [.. Weights[l].Select((row, i) => row.Select((w, j) => w * x[j]).Sum() + Biases[l][i])];

    /// <summary>A convex polygon, which may be a segment or a point.</summary>
    private sealed record Polygon(double[][] Corners)
    {
        /// <summary>The part of it where a function that is linear on it is at least 0.</summary>
        public Polygon Where(Func<double[], double> function)
        {
            var corners = new List<double[]>();
            for (var i = 0; i < Corners.Length; i++)
            {
                var (one, other) = (Corners[i], Corners[(i + 1) % Corners.Length]);
                var (here, there) = (function(one), function(other));
                if (here >= 0)
                {
                    corners.Add(one);
                }

                if ((here > 0 && there < 0) || (here < 0 && there > 0))
                {
                    var share = here / (here - there);
                    corners.Add([.. one.Zip(other, (a, b) => a + (share * (b - a)))]);
                }
            }

            return new([.. corners]);
        }
    }
}
