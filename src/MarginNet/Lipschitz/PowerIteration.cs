using MarginNet.Checkpoints;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Operator norms of linear maps that change a little from call to call, by one step of power iteration each from where the last
/// call ended. They come from below and are differentiable: for training, never for a certificate.
/// </summary>
internal sealed class PowerIteration : IDisposable
{
    private const int FirstSteps = 20; // From a random vector.
    private const float Floor = 1e-30f; // Of a norm to divide by.

    private readonly Dictionary<string, Tensor> _vectors = [];

    /// <summary>Computes the norm of a map.</summary>
    /// <param name="name">Which map it is from call to call.</param>
    /// <param name="map">A linear map of one input, with a batch dimension of 1.</param>
    /// <param name="input">The shape of the input.</param>
    /// <param name="device">Where the map works.</param>
    /// <returns>A scalar, differentiable in what <paramref name="map"/> is made of; the caller disposes it.</returns>
    public Tensor Norm(string name, Func<Tensor, Tensor> map, long[] input, Device device)
    {
        var isFirst = !_vectors.TryGetValue(name, out var vector);
        if (isFirst)
        {
            using var generator = new Generator(0);
            using var start = randn([1, .. input], generator: generator);
            vector = start.to(device).DetachFromDisposeScope();
        }

        for (var step = 0; step < (isFirst ? FirstSteps : 1); step++)
        {
            var next = Step(map, vector!);
            vector!.Dispose();
            vector = next;
        }

        _vectors[name] = vector!;
        return map(vector!).Squared().sum().sqrt();
    }

    /// <summary>The vectors by name, to go on from.</summary>
    public Dictionary<string, object?> Capture() =>
        _vectors.ToDictionary(pair => pair.Key, pair => (object?)StoredTensor.FromTensor(pair.Value));

    /// <summary>Goes on from vectors that <see cref="Capture"/> returned.</summary>
    public void Restore(PlainDictionary vectors, Device device)
    {
        Dispose();
        foreach (var name in vectors.Keys)
        {
            using var vector = vectors.Tensor(name).ToTensor();
            _vectors[name] = vector.to(device).DetachFromDisposeScope();
        }
    }

    public void Dispose()
    {
        foreach (var vector in _vectors.Values)
        {
            vector.Dispose();
        }

        _vectors.Clear();
    }

    /// <summary>AᵀAu / ‖AᵀAu‖, of which AᵀAu is the gradient of ½‖Au‖².</summary>
    private static Tensor Step(Func<Tensor, Tensor> map, Tensor vector)
    {
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var u = vector.detach().clone().requires_grad_();
        autograd.backward([map(u).Squared().sum() / 2], inputs: [u]);
        var next = u.grad!.detach();
        return (next / next.norm().clamp_min(Floor)).DetachFromDisposeScope();
    }
}
