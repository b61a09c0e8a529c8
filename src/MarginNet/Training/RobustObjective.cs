using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Margins;
using MarginNet.Native;
using MarginNet.Relaxations;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>What training by bounds minimises: a loss of the scores at worst in the box around each image, and one of the clean
/// scores.</summary>
/// <param name="network">The network.</param>
/// <param name="input">The shape of one image.</param>
/// <param name="options">How it is trained.</param>
internal sealed class RobustObjective(nn.Module<Tensor, Tensor> network, FeatureShape input, TrainingOptions options)
{
    private const int MarginBatch = 128;
    private const double Tolerance = 0.5; // Of the regularisers, Shi et al.'s.
    private const double Least = 1e-12;

    private readonly RobustOptions _robust = options.Robust!;

    /// <summary>Computes a batch's gradients in the weights, which replace those that there are.</summary>
    /// <param name="images">Images in [0, 1], float32 [N, channels, height, width].</param>
    /// <param name="labels">True classes, shape [N].</param>
    /// <param name="ramp">The progress of the ramp of ε, in [0, 1].</param>
    /// <param name="losses">The loss of each sample, of scores [K, C], labels [K] and the samples' places in the batch [K], null for
    /// all.</param>
    /// <param name="random">What random samples are drawn by.</param>
    /// <returns>The loss, the clean scores, the worst scores, and the places in the batch of the latter, null for all.</returns>
    public (Tensor Loss, Tensor Scores, Tensor Worst, Tensor? Places) Differentiate(
        Tensor images, Tensor labels, double ramp, Func<Tensor, Tensor, Tensor?, Tensor> losses, Generator random)
    {
        var share = EpsilonRamp.Share(ramp);
        var (center, radius) = Box(images, labels, share * _robust.Epsilon);
        var graph = ModuleReader.Read(network, input);
        var (scores, parameters) = WorstCase.Clean(graph, images, isTraining: true);
        using var owned = NewDisposeScope();
        var places = _robust.Method == RobustMethod.MixTrain ? Draw(labels.shape[0], random) : null;
        var (chosen, classes) = places is null ? (center, labels) : (center.index_select(0, places), labels.index_select(0, places));
        using var bounds = Bound(graph, parameters, images: chosen, radius);
        var worst = Worst(bounds, classes, ramp);
        var robust = losses(worst, classes, places).mean();
        if (ramp < 1 && _robust.Regularization > 0)
        {
            robust = robust.Plus(Regularizers(bounds).Times(_robust.Regularization * (1 - share)));
        }

        network.zero_grad(set_to_none: true);
        var loss = _robust.Method == RobustMethod.MixTrain
            ? Balance(losses(scores, labels, null).mean(), robust)
            : Descend(_robust.NaturalShare == 0 ? robust
                : losses(scores, labels, null).mean().Times(_robust.NaturalShare).Plus(robust.Times(1 - _robust.NaturalShare)));
        if (network.named_parameters().FirstOrDefault(each => each.parameter.requires_grad && each.parameter.grad is null) is { name: { } name })
        {
            throw new NotSupportedException($"The bounds of the network do not depend on its weight '{name}' in a way that can be trained: "
                + "train it without bounds, or freeze that weight.");
        }

        Clip();
        Release(graph, parameters);
        return (
            loss.MoveToOuterDisposeScope(), scores, worst.detach().MoveToOuterDisposeScope(), places?.MoveToOuterDisposeScope());
    }

    /// <summary>How far each image's true class is ahead of all others at worst in the whole ball, as the network is.</summary>
    /// <returns>One margin for each image.</returns>
    public double[] Margins(ImageSet images, CancellationToken cancellation)
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        var graph = ModuleReader.Read(network, input);
        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        var margins = new double[images.Count];
        for (var start = 0; start < margins.Length; start += MarginBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batch = NewDisposeScope();
            int[] indices = [.. Enumerable.Range(start, Math.Min(MarginBatch, margins.Length - start))];
            var labels = images.LabelTensor(indices, CPU);
            using var bounds = Bound(graph, parameters, images.ToByteTensor(indices).to(ScalarType.Float32).Over(255), _robust.Epsilon);
            var worst = Worst(bounds, labels, 1);
            var lead = ClassScores.Own(worst, labels) - ClassScores.StrongestRival(worst, labels);
            lead.to(ScalarType.Float64).data<double>().ToArray().CopyTo(margins, start);
        }

        return margins;
    }

    /// <summary>The centre and the radius of the boxes that are bounded.</summary>
    private (Tensor Center, double Radius) Box(Tensor images, Tensor labels, double epsilon)
    {
        if (_robust.Method != RobustMethod.Sabr || _robust.BoxShare == 1 || epsilon == 0)
        {
            return (images, epsilon);
        }

        var attack = new AttackOptions
        {
            Method = AttackMethod.Pgd,
            Epsilon = epsilon * (1 - _robust.BoxShare),
            Steps = _robust.AttackSteps,
        };
        return (Pgd.Perturb(network, images, labels, attack), epsilon * _robust.BoxShare);
    }

    private WorstCase Bound(NetworkGraph graph, Tensor[] parameters, Tensor images, double radius)
    {
        var (lower, upper) = (images.Plus(-radius).AtLeast(0), images.Plus(radius).AtMost(1));
        var bounds = WorstCase.Of(graph, parameters, MemoryOrder.ChannelsLast(lower), MemoryOrder.ChannelsLast(upper));
        if (_robust.Method == RobustMethod.WongKolter)
        {
            bounds.Refine();
        }

        return bounds;
    }

    private Tensor Worst(WorstCase bounds, Tensor labels, double ramp) => _robust.Method switch
    {
        RobustMethod.WongKolter => bounds.LinearScores(labels, SlopeRule.Parallel),
        RobustMethod.MixTrain => bounds.LinearScores(labels, SlopeRule.Adaptive),
        RobustMethod.CrownIbp when ramp < 1 => bounds.Scores(labels).Times(ramp)
            .Plus(bounds.LinearScores(labels, SlopeRule.Adaptive).Times(1 - ramp)),
        _ => bounds.Scores(labels),
    };

    /// <summary>Tightness, which keeps boxes from growing by more than 1/<see cref="Tolerance"/> from the first layer to each gate, and
    /// balance, which keeps the gates that are open throughout and those closed alike in mean and spread.</summary>
    private static Tensor Regularizers(WorstCase bounds)
    {
        Interval[] gates = [.. bounds.CurveInputs];
        var width = bounds.InputWidth;
        return stack([.. gates.Select(gate => Tightness(gate, width).Plus(Balance(gate)))]).mean();
    }

    private static Tensor Tightness(Interval gate, Tensor width) =>
        (-(width / (gate.Upper - gate.Lower).mean().AtLeast(Least))).Plus(Tolerance).relu().Over(Tolerance);

    private static Tensor Balance(Interval gate)
    {
        var middle = gate.Lower.Plus(gate.Upper).Times(0.5);
        var (open, closed) = (gate.Lower.IsAbove(0).to(middle.dtype), gate.Upper.IsBelow(0).to(middle.dtype));
        var spread = (middle - middle.mean()).square();
        return Excess((middle * open).mean(), -(middle * closed).mean()).Plus(Excess((spread * open).sum(), (spread * closed).sum()));

        static Tensor Excess(Tensor one, Tensor other)
        {
            var ratio = one.AtLeast(Least) / other.AtLeast(Least);
            return (-ratio.minimum(ratio.reciprocal())).Plus(Tolerance).relu().Over(Tolerance);
        }
    }

    private static Tensor Descend(Tensor loss)
    {
        loss.backward();
        return loss.detach();
    }

    /// <summary>Weighs the gradients of two losses against their lengths, so that both move the weights as far.</summary>
    private Tensor Balance(Tensor natural, Tensor robust)
    {
        Tensor?[] Take() => [.. network.parameters().Select(parameter => parameter.grad?.clone())];
        natural.backward(retain_graph: true);
        var one = Take();
        network.zero_grad(set_to_none: true);
        robust.backward();
        var (first, second) = (Length(one), Length(Take()));
        var share = first / first.Plus(second).AtLeast(Least); // Of the robust loss.
        using var inference = no_grad();
        foreach (var (parameter, gradient) in network.parameters().Zip(one))
        {
            if (parameter.grad is { } own)
            {
                own.mul_(share);
                _ = gradient is null ? own : own.add_(gradient * (1 - share));
            }
        }

        return (natural * (1 - share)).Plus(robust * share).detach();
    }

    private void Clip()
    {
        using var inference = no_grad();
        using var scope = NewDisposeScope();
        Tensor?[] gradients = [.. network.parameters().Select(parameter => parameter.grad)];
        var factor = Length(gradients).AtLeast(Least).reciprocal().Times(_robust.GradientNorm).AtMost(1);
        foreach (var gradient in gradients.OfType<Tensor>())
        {
            gradient.mul_(factor);
        }
    }

    private static Tensor Length(IEnumerable<Tensor?> gradients) =>
        stack([.. gradients.OfType<Tensor>().Select(gradient => gradient.norm())]).norm();

    private Tensor Draw(long count, Generator random)
    {
        using var order = randperm(count, generator: random);
        return order.narrow(0, 0, Math.Max(1, (long)Math.Round(count * _robust.SampleShare))).clone();
    }

    /// <summary>Forgets the statistics of the batch.</summary>
    private static void Release(NetworkGraph graph, Tensor[] parameters)
    {
        for (var i = 0; i < parameters.Length; i++)
        {
            if (!ReferenceEquals(graph.Parameters[i].Value, parameters[i]))
            {
                parameters[i].Dispose();
            }
        }
    }
}
