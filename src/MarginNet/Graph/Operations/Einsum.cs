using System.Text.RegularExpressions;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A sum of products by Einstein's convention, such as <c>bij,bjk->bik</c>: axes that the value has not are summed over.</summary>
/// <param name="Equation">The letters of each input's axes and of the value's.</param>
internal sealed partial record Einsum(string Equation) : Operation
{
    public override string Kind => "Einsum";

    public override bool IsAffine(LayerNode node) => node.HasOneInput();

    public override long Terms(LayerNode node)
    {
        var terms = Equation.Split("->");
        var operands = terms[0].Split(',');
        var sizes = operands.SelectMany((operand, i) => operand.Select((letter, axis) => (letter, node.Shapes[i][axis].Count)))
            .DistinctBy(size => size.letter).ToDictionary(size => size.letter, size => size.Count);
        long Summed(string letters) => sizes.Keys.Except(letters).Aggregate(1L, (product, letter) => product * sizes[letter]);
        return Math.Max(Summed(terms[1]), Summed(operands[node.Data])) + operands.Length;
    }

    protected override IEnumerable<(string Name, object Value)> Attributes => [("equation", Equation)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var equation = node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal);
        if (!Known().IsMatch(equation))
        {
            throw new InvalidDataException(
                "Its attribute 'equation' is not letters for each input's axes, with commas between, '->' and letters.");
        }

        return [graph.Add(node.Name, new Einsum(equation), node.All())];
    }

    public override ValueShape Shape(ValueShape[] inputs)
    {
        var terms = Equation.Split("->");
        var operands = terms[0].Split(',');
        var sizes = new Dictionary<char, Dimension>();
        var fits = operands.Length == inputs.Length;
        for (var i = 0; fits && i < operands.Length; i++)
        {
            fits = operands[i].Length == inputs[i].Rank && operands[i].Distinct().Count() == inputs[i].Rank;
            for (var axis = 0; fits && axis < inputs[i].Rank; axis++)
            {
                fits = sizes.TryAdd(operands[i][axis], inputs[i][axis]) || sizes[operands[i][axis]] == inputs[i][axis];
            }
        }

        // What depends on the number of images is not summed over.
        return fits && terms[1].Distinct().Count() == terms[1].Length && terms[1].All(sizes.ContainsKey)
            && sizes.All(size => !size.Value.IsPerImage || terms[1].Contains(size.Key))
            ? new([.. terms[1].Select(letter => sizes[letter])])
            : throw Misfit(inputs, $"what {Equation} says, with the images in the value");
    }

    public override ParameterRole Role(int input) => ParameterRole.Weight;

    public override Tensor Run(Tensor[] inputs, bool isTraining) => einsum(Equation, inputs);

    [GeneratedRegex("^[A-Za-z]*(,[A-Za-z]*)*->[A-Za-z]*$")]
    private static partial Regex Known();
}
