using MarginNet.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>
/// Keeps the gradients of float16 above its smallest number: the loss is multiplied by a scale, and the gradients divided by it before
/// the step (Micikevicius et al., 2018). The scale halves with each step whose gradients overflow, which is left out, and doubles after
/// 2,000 steps in a row that do not. A scaler that is off changes nothing.
/// </summary>
internal sealed class GradientScaler(bool isOn)
{
    private const double First = 65536;
    private const double Growth = 2;
    private const double Backoff = 0.5;
    private const int GrowthInterval = 2000;

    private const string ScaleKey = "scale";
    private const string StepsKey = "steps";

    /// <summary>The factor of the loss; 1 where this is off.</summary>
    public double Scale { get; private set; } = isOn ? First : 1;

    /// <summary>The steps since the scale changed.</summary>
    public int Steps { get; private set; }

    /// <summary>Differentiates a loss times the scale.</summary>
    public void Backward(Tensor loss)
    {
        if (isOn)
        {
            using var scaled = loss * Scale;
            scaled.backward();
        }
        else
        {
            loss.backward();
        }
    }

    /// <summary>Takes the step, with the gradients divided by the scale, unless one of them is infinite or NaN. Waits for the
    /// device.</summary>
    /// <param name="optimizer">Whose gradients they are.</param>
    /// <param name="step">Takes the step.</param>
    /// <returns>Whether it was taken.</returns>
    public bool Step(OptimizerHelper optimizer, Action step)
    {
        if (!isOn)
        {
            step();
            return true;
        }

        if (!TryUnscale([.. optimizer.parameters().Select(parameter => parameter.grad).OfType<Tensor>()]))
        {
            (Scale, Steps) = (Scale * Backoff, 0);
            return false;
        }

        step();
        (Scale, Steps) = Steps + 1 == GrowthInterval ? (Scale * Growth, 0) : (Scale, Steps + 1);
        return true;
    }

    public Dictionary<string, object?> Capture() => new() { [ScaleKey] = Scale, [StepsKey] = (long)Steps };

    /// <summary>Becomes what was captured.</summary>
    public void Restore(PlainDictionary stored)
    {
        var scale = stored.Number(ScaleKey);
        (Scale, Steps) = scale > 0 && double.IsFinite(scale) ? (scale, stored.Count(StepsKey)) : throw stored.Unexpected(ScaleKey, "a number above 0");
    }

    private bool TryUnscale(Tensor[] gradients)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        // NaN is the largest of all.
        var areFinite = stack(gradients.Select(gradient => gradient.abs().max())).isfinite().all().item<bool>();
        foreach (var gradient in areFinite ? gradients : [])
        {
            gradient.mul_(1 / Scale);
        }

        return areFinite;
    }
}
