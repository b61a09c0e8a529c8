using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>An almost orthogonal linear layer, 1-Lipschitz in ℓ2 whatever its weights; see <see cref="AolGemm"/>.</summary>
internal sealed class AolLinear : nn.Module<Tensor, Tensor>, IGraphModule
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Makes the layer with orthogonal rows from torch's global generator.</summary>
    /// <param name="features">Length of its input.</param>
    /// <param name="outputs">Length of its output, by custom the smaller.</param>
    public AolLinear(int features, int outputs)
        : base(nameof(AolLinear))
    {
        weight = nn.Parameter(empty(outputs, features));
        bias = nn.Parameter(zeros(outputs));
        nn.init.orthogonal_(weight);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return new AolGemm().Run([input, weight, bias], training).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) =>
        graph.Add("", new AolGemm(), input, graph.Weight("weight", weight), graph.Weight("bias", bias));
}
