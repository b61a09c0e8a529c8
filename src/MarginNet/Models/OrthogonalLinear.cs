using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>A linear layer over the channels whose weights start orthonormal, rows or columns, and which
/// <see cref="Training.TrainingOptions.Parseval"/> keeps so; see <see cref="PreciseLinear"/>.</summary>
internal sealed class OrthogonalLinear : nn.Module<Tensor, Tensor>, IGraphModule
{
    private const double Noise = 0.02; // About the identity, so that no two seeds begin alike.

    private readonly PreciseLinear _operation;
    private readonly Parameter weight;
    private readonly Parameter bias;

    /// <summary>Makes the layer from torch's global generator, near the identity where it is square.</summary>
    /// <param name="inputs">Channels of its input.</param>
    /// <param name="outputs">Channels of its output.</param>
    /// <param name="isPointwise">Whether it is of every pixel.</param>
    public OrthogonalLinear(long inputs, long outputs, bool isPointwise)
        : base(nameof(OrthogonalLinear))
    {
        _operation = new(isPointwise);
        weight = nn.Parameter(empty(outputs, inputs));
        bias = nn.Parameter(zeros(outputs));
        using (no_grad())
        {
            if (inputs == outputs)
            {
                using var start = eye(inputs) + (randn(inputs, inputs) * (Noise / Math.Sqrt(inputs)));
                using var orthogonal = Orthogonal(start);
                weight.copy_(orthogonal);
            }
            else
            {
                nn.init.orthogonal_(weight);
            }
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return _operation.Run([input, weight, bias], training).MoveToOuterDisposeScope();
    }

    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input) =>
        graph.Add("", _operation, input, graph.Weight("weight", weight), graph.Weight("bias", bias));

    private static Tensor Orthogonal(Tensor matrix)
    {
        using var scope = NewDisposeScope();
        var (q, r) = linalg.qr(matrix);
        return (q * r.diagonal().sign()).MoveToOuterDisposeScope();
    }
}
