using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A layer of an <see cref="OrthogonalNet"/>: half of the channels are moved by one pixel, a quarter of those in each direction,
/// then a matrix at every pixel, then |x| of half of what it gives.</summary>
internal sealed class OrthogonalBlock : nn.Module<Tensor, Tensor>, IGraphModule
{
    private const int Parts = 8; // Of the channels, four of which are moved.

    private readonly ChannelShift _shift;
    private readonly PartialAbs _bend;
    private readonly OrthogonalLinear linear;

    /// <summary>Makes the layer with fresh weights from torch's global generator.</summary>
    /// <param name="inputs">Channels of its input.</param>
    /// <param name="outputs">Channels of its output, at least 2.</param>
    public OrthogonalBlock(long inputs, long outputs)
        : base(nameof(OrthogonalBlock))
    {
        (_shift, _bend) = (new(inputs / Parts), new(outputs / 2));
        linear = new OrthogonalLinear(inputs, outputs, isPointwise: true);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = linear.forward(_shift.Run([input], training));
        return _bend.Run([x], training).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) =>
        graph.Add("abs", _bend, graph.Apply(graph.Add("shift", _shift, input), "linear"));
}
