using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Relaxations;

/// <summary>Gradient ascent by Adam (Kingma and Ba 2015), each number of it kept until LibTorch has read it, which those of TorchSharp's own
/// are not: see <see cref="KeptScalars"/>.</summary>
/// <param name="free">What is changed.</param>
/// <param name="rate">By how much at most, roughly.</param>
internal sealed class AdamAscent(Tensor[] free, double rate) : IDisposable
{
    private const double FirstDecay = 0.9;
    private const double SecondDecay = 0.999;
    private const double Least = 1e-8;

    private readonly Tensor[] _means = Zeros(free);
    private readonly Tensor[] _squares = Zeros(free);
    private int _steps;

    /// <summary>By how much at most, roughly.</summary>
    public double Rate { get; set; } = rate;

    /// <summary>Takes a step up the gradients that a backward pass has left, and forgets them.</summary>
    public void Step()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        _steps++;
        var (first, second) = (1 - Math.Pow(FirstDecay, _steps), 1 - Math.Pow(SecondDecay, _steps));
        for (var i = 0; i < free.Length; i++)
        {
            if (free[i].grad is not { } gradient)
            {
                continue;
            }

            var (mean, square) = (_means[i], _squares[i]);
            mean.copy_(mean.Times(FirstDecay).Plus(gradient.Times(1 - FirstDecay)));
            square.copy_(square.Times(SecondDecay).Plus((gradient * gradient).Times(1 - SecondDecay)));
            free[i].copy_(free[i].Plus(mean.Times(Rate / first) / square.Over(second).sqrt().Plus(Least)));
            free[i].grad = null;
        }
    }

    public void Dispose() => Array.ForEach([.. _means, .. _squares], tensor => tensor.Dispose());

    private static Tensor[] Zeros(Tensor[] like) =>
        Array.ConvertAll(like, tensor => tensor.AllOf(0).detach().DetachFromDisposeScope());
}
