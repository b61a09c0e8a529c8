using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Graph;
using MarginNet.Graph.Operations;
using MarginNet.PValues;
using static TorchSharp.torch;

namespace MarginNet.Tests.Graph;

public sealed class GraphDescriptionTests
{
    /// <summary>Else a description would leave something out.</summary>
    [Fact]
    public void Every_property_of_every_operation_that_can_be_set_is_a_parameter_of_its_constructor()
    {
        var operations = typeof(Operation).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Operation)) && !type.IsAbstract && !type.IsNested);
        Assert.All(operations, type =>
        {
            var parameters = Assert.Single(type.GetConstructors()).GetParameters().Select(parameter => parameter.Name).ToHashSet();
            var set = type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                .Where(property => property.CanWrite)
                .Select(property => property.Name);
            Assert.Empty(set.Except(parameters));
        });
    }

    [Fact]
    public void A_described_graph_comes_back_as_it_was()
    {
        using var scope = NewDisposeScope();
        var graph = Graph();
        var again = GraphDescription.FromPlain(Plain(graph), [.. graph.Parameters.Select(parameter => parameter.Value)]);
        Assert.Equal(graph.Input, again.Input);
        Assert.Equal(graph.Output, again.Output);
        Assert.Equal(Json(graph), Json(again));
        Assert.Equal(graph.Nodes.Select(node => node.Shape), again.Nodes.Select(node => node.Shape));
        Assert.Equal(
            graph.Parameters.Select(parameter => (parameter.Name, parameter.Role)),
            again.Parameters.Select(parameter => (parameter.Name, parameter.Role)));
    }

    [Theory]
    [InlineData("operation", "Process", "operation 'Process' is not known")]
    [InlineData("operation", "OwnRelu", "operation 'OwnRelu' is not known")]
    [InlineData("name", "images", "no name twice")]
    [InlineData("inputs", "later", "its input 'later' is computed by no node before it")]
    [InlineData("Strides", "0,0", "integers from 1 to")]
    [InlineData("Strides", "1", "2 integers")]
    [InlineData("Before", "-9,1", "integers from 0 to")]
    [InlineData("Groups", "1000000007", "Conv")]
    [InlineData("Groups", "x", "Expected a Int64 under the key")]
    public void A_hostile_description_is_refused_in_one_line(string key, string value, string reason)
    {
        using var scope = NewDisposeScope();
        var graph = Graph();
        var description = GraphDescription.ToPlain(graph);
        var node = (Dictionary<string, object?>)((List<object?>)description["nodes"]!)[0]!;
        var attributes = (Dictionary<string, object?>)node["attributes"]!;
        switch (key)
        {
            case "operation": node[key] = value; break;
            case "name": ((Dictionary<string, object?>)((List<object?>)description["nodes"]!)[^1]!)[key] = value; break;
            case "inputs": node[key] = new List<object?> { value, "w" }; break;
            case "Groups": attributes[key] = long.TryParse(value, out var groups) ? groups : value; break;
            default:
                ((Dictionary<string, object?>)attributes["Window"]!)[key] =
                    value.Split(',').Select(size => (object?)long.Parse(size, null)).ToList();
                break;
        }

        var message = Assert.Throws<InvalidDataException>(() => GraphDescription.FromPlain(
            new(description, ""), [.. graph.Parameters.Select(parameter => parameter.Value)])).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private static string Json(NetworkGraph graph)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            PlainValueJson.Write(writer, GraphDescription.ToPlain(graph));
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static PlainDictionary Plain(NetworkGraph graph) => new(GraphDescription.ToPlain(graph), "");

    private static NetworkGraph Graph()
    {
        var builder = new GraphBuilder(new([Dimension.Batch, 2, 8, 8]));
        var window = new Window([3, 3], [2, 2], [1, 1], [1, 1], [1, 1]);
        var x = builder.Add("conv", new Convolution(window, 1), builder.Input, builder.Constant("w", randn(4, 2, 3, 3)));
        x = builder.Add("elu", new Elu(0.5), x);
        x = builder.Add("pool", new MaxPool(new([2, 2], [2, 2], [0, 0], [0, 0], [1, 1]), IsCeiling: true), x);
        x = builder.Add("shaped", new Reshape(new([Dimension.Batch, 16])), x);
        return builder.ToGraph(builder.Add(
            "fc", new Gemm(1, 1, false, true), x, builder.Constant("fc.w", randn(3, 16)), builder.Constant("b", randn(3))));
    }
}
