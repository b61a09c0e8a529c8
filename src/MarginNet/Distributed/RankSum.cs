using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MarginNet.Distributed;

/// <summary>
/// The sum of a tensor over all ranks, y = Σᵣ xᵣ, as a step of a network whose loss is the sum of the ranks' losses: its gradient is
/// ∂L/∂xᵣ = Σₛ ∂Lₛ/∂y, a sum over the ranks again.
/// </summary>
internal sealed class RankSum : autograd.SingleTensorFunction<RankSum>
{
    private const string GroupKey = "group";

    public override string Name => nameof(RankSum);

    /// <summary>Computes y, float64 on the device of x, by all ranks at once; the caller disposes it.</summary>
    public static Tensor Of(Tensor x, IProcessGroup group) => apply(x, group);

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var group = (IProcessGroup)vars[1];
        ctx.save_data(GroupKey, group);
        return Sum((Tensor)vars[0], group);
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) =>
        [Sum(grad_output, (IProcessGroup)ctx.get_data(GroupKey)), null!];

    private static Tensor Sum(Tensor x, IProcessGroup group)
    {
        using var inference = no_grad();
        using var plain = x.detach().to(ScalarType.Float64).cpu().contiguous();
        var sum = plain.clone();
        group.AllReduce(MemoryMarshal.Cast<byte, double>(sum.bytes));
        return sum.to(x.device);
    }
}
