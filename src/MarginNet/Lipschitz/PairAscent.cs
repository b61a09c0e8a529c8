using MarginNet.Models;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>Pairs of inputs between which a difference of two scores changes fast, by gradient ascent on its difference quotient.</summary>
internal static class PairAscent
{
    private const double Distance = 0.25; // Of the pairs, in units of the input: far above where the rounding of scores would count.
    private const double StepShare = 0.2; // Of the distance, that a step moves.

    /// <summary>Starts each pair across an input, along the largest gradient of a difference of two scores, and climbs.</summary>
    public static (Tensor X, Tensor Y) Climb(nn.Module<Tensor, Tensor> network, Tensor inputs, Tensor gradients, int steps)
    {
        using var scope = NewDisposeScope();
        using var trusted = new TrustedNetwork(network, NetworkUse.ImageGradients);
        var (first, second) = SteepestPair(gradients);
        var samples = arange(inputs.shape[0]);
        var direction = (gradients[TensorIndex.Tensor(samples), TensorIndex.Tensor(first)]
            - gradients[TensorIndex.Tensor(samples), TensorIndex.Tensor(second)])
            .to(inputs.dtype).to(inputs.device).reshape(inputs.shape);
        var (ups, downs) = (first.to(inputs.device).unsqueeze(1), second.to(inputs.device).unsqueeze(1));
        direction = where(direction.flatten(1)
            .abs()
            .amax([1])
            .eq(0)
            .reshape([-1, .. Enumerable.Repeat(1L, (int)inputs.dim() - 1)]), ones_like(direction), direction);
        var half = Unit(direction) * (Distance / 2);
        var (x, y) = (inputs.detach() + half, inputs.detach() - half);
        for (var step = 0; step < steps; step++)
        {
            using var inner = NewDisposeScope();
            var (a, b) = (x.detach().clone().requires_grad_(), y.detach().clone().requires_grad_());
            using (enable_grad())
            {
                var change = Scores(network, trusted, a) - Scores(network, trusted, b);
                var quotient = (change.gather(1, ups) - change.gather(1, downs)).squeeze(1) / (a - b).flatten(1).Squared().sum([1]).sqrt();
                autograd.backward([quotient.sum()], inputs: [a, b]);
            }

            x = a.detach() + (Unit(a.grad!) * (Distance * StepShare));
            y = b.detach() + (Unit(b.grad!) * (Distance * StepShare));
            var (middle, apart) = ((x + y) / 2, x - y);
            var stretched = Unit(apart) * apart.flatten(1)
                .Squared()
                .sum([1])
                .sqrt()
                .clamp_min(Distance)
                .reshape([-1, .. Enumerable.Repeat(1L, (int)inputs.dim() - 1)]) / 2;
            (x, y) = ((middle + stretched).MoveToOuterDisposeScope(), (middle - stretched).MoveToOuterDisposeScope());
        }

        return (x.MoveToOuterDisposeScope(), y.MoveToOuterDisposeScope());
    }

    /// <summary>Scores in evaluation mode.</summary>
    public static Tensor Scores(nn.Module<Tensor, Tensor> network, Tensor inputs)
    {
        using var trusted = new TrustedNetwork(network, NetworkUse.Scores);
        return Scores(network, trusted, inputs);
    }

    private static Tensor Scores(nn.Module<Tensor, Tensor> network, TrustedNetwork trusted, Tensor inputs)
    {
        var wasTraining = network.training;
        network.eval();
        try
        {
            return trusted.Call(inputs);
        }
        finally
        {
            network.train(wasTraining);
        }
    }

    /// <summary>For each input the two classes whose scores part fastest: indices of shape [N].</summary>
    private static (Tensor First, Tensor Second) SteepestPair(Tensor gradients)
    {
        var classes = gradients.shape[1];
        var gram = gradients.bmm(gradients.transpose(1, 2));
        var squares = gram.diagonal(0, 1, 2);
        var distances = squares.unsqueeze(2) + squares.unsqueeze(1) - (2 * gram);
        var best = distances.flatten(1).argmax(1);
        return (best.div(classes, RoundingMode.floor), best.remainder(classes));
    }

    private static Tensor Unit(Tensor values)
    {
        var norms = values.flatten(1)
            .Squared()
            .sum([1])
            .sqrt()
            .clamp_min(1e-30)
            .reshape([-1, .. Enumerable.Repeat(1L, (int)values.dim() - 1)]);
        return values / norms;
    }
}
