using MarginNet.Losses;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Every loss with its gradient, and the margins, of the same scores.</summary>
internal static class LossCheck
{
    private const int Samples = 512;
    private const int Classes = 10;
    private const double TargetMargin = 5;
    private const double Rounding = 2e-6;

    public static IEnumerable<Finding> Losses(Device device)
    {
        using var scope = NewDisposeScope();
        foreach (var loss in MarginLoss.All)
        {
            var (scores, labels, weights) = Draw(loss.NeedsRectifiedScores);
            var exact = Compute(loss, scores.to(ScalarType.Float64), labels, weights.to(ScalarType.Float64));
            var onCpu = Compute(loss, scores, labels, weights);
            var onDevice = Compute(loss, scores.to(device), labels.to(device), weights.to(device));
            yield return Deviation.Compare($"loss {loss}", exact.Losses, onCpu.Losses, onDevice.Losses, Rounding);
            yield return Deviation.Compare($"loss {loss}, gradient", exact.Gradient, onCpu.Gradient, onDevice.Gradient, Rounding);
        }
    }

    public static IEnumerable<Finding> Margins(Device device)
    {
        using var scope = NewDisposeScope();
        var (scores, labels, _) = Draw(isRectified: false);
        var exact = scores.to(ScalarType.Float64);
        yield return Deviation.Compare(
            "labelled margins", LabelledMargin.Compute(exact, labels), LabelledMargin.Compute(scores, labels),
            LabelledMargin.Compute(scores.to(device), labels.to(device)), Rounding);
        yield return Deviation.Compare(
            "decision margins", DecisionMargin.Compute(exact), DecisionMargin.Compute(scores), DecisionMargin.Compute(scores.to(device)),
            Rounding);
    }

    private static (Tensor Scores, Tensor Labels, Tensor Weights) Draw(bool isRectified)
    {
        using var generator = new Generator(3);
        var scores = randn([Samples, Classes], generator: generator) * 5;
        return (isRectified ? scores.abs() + 0.1 : scores, arange(Samples) % Classes, rand([Samples], generator: generator) * 4);
    }

    private static (Tensor Losses, Tensor Gradient) Compute(MarginLoss loss, Tensor scores, Tensor labels, Tensor weights)
    {
        var x = scores.detach().clone().requires_grad_();
        var targets = full([Samples], TargetMargin, dtype: x.dtype, device: x.device);
        var losses = loss.Compute(x, labels, targets, weights);
        losses.mean().backward();
        return (losses.detach(), x.grad!);
    }
}
