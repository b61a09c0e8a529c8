using System.Collections.Immutable;
using MarginNet.Graph;
using MarginNet.Graph.Operations;
using MarginNet.Relaxations;
using MarginNet.Verification;
using static TorchSharp.torch;
using Split = MarginNet.Verification.Split;

namespace MarginNet.Tests.Verification;

/// <summary>What is proven in one cell holds at its points.</summary>
public sealed class CellBoundTests
{
    [Fact]
    public void A_chain_computes_the_scores_of_its_network()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var graph = new GraphBuilder(new(Dimension.Batch, 1, 4, 4));
        Operand Constant(string name, params long[] shape) => graph.Constant(name, randn(shape));
        var value = graph.Add("mean", new Sub(), graph.Input, Constant("middle", 1, 1, 4, 4));
        value = graph.Add("pool", new AveragePool(new([2, 2], [1, 1], [0, 0], [0, 0], [1, 1]), false, true), value);
        value = graph.Add("flat", new Flatten(1), value);
        value = graph.Add("first", new Relu(), value);
        value = graph.Add("second", new LeakyRelu(0.1), value);
        value = graph.Add("dense", new MatMul(), value, Constant("w", 9, 3));
        value = graph.Add("shift", new Add(), value, Constant("b", 3));
        using var relaxed = RelaxedGraph.Of(graph.ToGraph(value), ScalarType.Float64);
        var images = randn([20, 16], ScalarType.Float64);
        var expected = relaxed.Run(images).matmul(tensor(new double[,] { { 1, 0 }, { 2, 1 }, { 0, -1 } })) - tensor([0.5, -1]);
        var chain = DenseChain.Of(relaxed, [[1, 2, 0], [0, 1, -1]], [0.5, -1])!;
        Assert.Equal(3, chain.Layers.Length);
        var values = new double[2 * chain.Stride];
        for (var i = 0; i < 20; i++)
        {
            chain.Run(images[i].data<double>().ToArray(), values);
            Assert.Equal(expected[i, 0].item<double>(), values[0], 1e-12);
            Assert.Equal(expected[i, 1].item<double>(), values[1], 1e-12);
        }
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(5, 3, 8)]
    [InlineData(9, 17, 33)]
    public void Products_of_padded_matrices_are_those_of_matrices(int rows, int inner, int columns)
    {
        var random = new Random(4);
        var stride = PaddedMatrix.Stride(Math.Max(inner, columns));
        double[] Draw(int count, int width)
        {
            var values = PaddedMatrix.Rows(count, stride);
            for (var i = 0; i < count * width; i++)
            {
                values[(i / width * stride) + (i % width)] = random.Next(-9, 10);
            }

            return values;
        }

        var (left, right, result) = (Draw(rows, inner), Draw(inner, columns), PaddedMatrix.Rows(rows, stride));
        int[] places = [.. Enumerable.Range(0, inner).Where(k => k % 3 != 1)];
        PaddedMatrix.Multiply(left, rows, places, right, stride, result);
        var sum = new double[stride];
        PaddedMatrix.AddProduct(left, inner, right, sum);
        for (var column = 0; column < columns; column++)
        {
            for (var row = 0; row < rows; row++)
            {
                Assert.Equal(places.Sum(k => left[(row * stride) + k] * right[(k * stride) + column]), result[(row * stride) + column]);
            }

            Assert.Equal(Enumerable.Range(0, inner).Sum(k => left[k] * right[(k * stride) + column]), sum[column]);
        }
    }

    /// <summary>The splits are those that a point of the cell meets, so that the cell is not empty.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.2, 1)]
    [InlineData(0, 1e-9)]
    [InlineData(0.2, 1e-9)]
    public void Values_and_rows_at_the_points_of_a_cell_are_within_bounds(double closed, double width)
    {
        var random = new Random(6);
        for (var trial = 0; trial < 100; trial++)
        {
            using var scope = NewDisposeScope();
            var network = SmallNetwork.Random(random, random.Next(1, 4), closed, mostHidden: 3, mostNeurons: 9);
            var query = SmallQueries.Random(random, network.Inputs, network.Outputs, fixes: trial % 3 == 0);
            query = query with { Upper = [.. query.Lower.Zip(query.Upper, (lower, upper) => lower + ((upper - lower) * width))] };
            using var relaxed = RelaxedGraph.Of(network.Graph(), ScalarType.Float64);
            var conjunction = query.Unsafe[0];
            var chain = DenseChain.Of(relaxed, conjunction.Weights, conjunction.Limits)!;
            var known = Hidden(network, query.Point(random));
            ImmutableArray<Split> splits = [.. Enumerable.Range(0, known.Length).Where(_ => random.Next(2) == 0)
                .Select(l => (Layer: l, Neuron: random.Next(known[l].Length)))
                .Select(place => new Split(place.Layer, place.Neuron, known[place.Layer][place.Neuron] >= 0))];
            var cell = new Cell([.. query.Lower], [.. query.Upper], [0], splits, 0, 0);
            var (forms, bounds, rows) = (new CellForms(chain, RoundingModel.Exact), new CellRows(chain), new LinearRows(chain.Inputs, 32));
            Assert.True(forms.Bound(cell, rows));
            bounds.Bound(forms, [.. Enumerable.Range(0, chain.Rows)], cell, rows);
            int[] all = [.. Enumerable.Range(0, rows.Count)];
            var (cut, cutUpper) = ((double[])[.. cell.Lower], (double[])[.. cell.Upper]);
            var isEmpty = BoxContraction.Empties(rows, all, cut, cutUpper)
                || new RowCombination(chain.Inputs, 32).Empties(rows, all, cut, cutUpper);
            for (var i = 0; i < 200; i++)
            {
                var point = query.Point(random);
                var values = Hidden(network, point);
                if (!splits.All(split => split.IsOpen == values[split.Step][split.Neuron] >= 0))
                {
                    continue;
                }

                for (var l = 0; l < values.Length; l++)
                {
                    for (var k = 0; k < values[l].Length; k++)
                    {
                        Assert.InRange(values[l][k], forms.Layers[l].Lower[k] - 1e-14, forms.Layers[l].Upper[k] + 1e-14);
                    }
                }

                var excess = double.NegativeInfinity;
                for (var r = 0; r < chain.Rows; r++)
                {
                    var value = conjunction.Weights[r].Zip(network.Run(point), (a, y) => a * y).Sum() - conjunction.Limits[r];
                    excess = Math.Max(excess, value);
                    Assert.True(At(rows, splits.Length + r, point) <= value + 1e-14);
                }

                // What may be unsafe is never cut away.
                if (excess <= 0)
                {
                    Assert.False(isEmpty);
                    Assert.All(point.Zip(cut, cutUpper), x => Assert.InRange(x.First, x.Second, x.Third));
                }
            }
        }
    }

    /// <summary>x + y ≤ 0.7 and x + y ≥ 0.8 exclude each other, though each holds in a part of [0, 1]².</summary>
    [Fact]
    public void Rows_that_exclude_each_other_are_proven_by_their_combination()
    {
        var cell = new Cell([0, 0], [1, 1], [0], [], 0, 0);
        var rows = new LinearRows(2, 2);
        rows.Add([1, 1], -0.7, 0, cell);
        rows.Add([-1, -1], 0.8, 0, cell);
        var combination = new RowCombination(2, 2);
        Assert.True(combination.Empties(rows, [0, 1], [0, 0], [1, 1]));
        rows.Clear();
        rows.Add([1, 1], -0.8, 0, cell);
        rows.Add([-1, -1], 0.8 - 1e-9, 0, cell);
        Assert.False(combination.Empties(rows, [0, 1], [0, 0], [1, 1]));
        Assert.True(combination.HasPoint);
        Assert.Equal(0.8, combination.Point[0] + combination.Point[1], 1e-6);
    }

    private static double At(LinearRows rows, int row, double[] point) =>
        LinearRows.Minimum(rows.Gradient(row), rows.Offset(row), point, point);

    /// <summary>The values that the gates take.</summary>
    private static double[][] Hidden(SmallNetwork network, double[] input) =>
    [
        .. Enumerable.Range(1, network.Weights.Length - 1)
            .Select(count => (network with { Weights = network.Weights[..count], Biases = network.Biases[..count] }).Run(input)),
    ];
}
