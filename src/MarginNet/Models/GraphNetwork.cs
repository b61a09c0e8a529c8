using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// A network of any architecture that was read from an ONNX file as a graph of layers: it is scored, attacked, trained and exported as
/// those that this library makes. Its state dict has the file's own names.
/// </summary>
/// <remarks>
/// Scores in evaluation mode and without gradients are computed with batch-norms folded into the convolutions before them; they differ
/// from those with gradients by rounding. Weights that are changed other than by training, <c>load_state_dict</c> or <c>to</c> have to be
/// followed by <c>eval()</c>.
/// </remarks>
public sealed class GraphNetwork : Classifier, IGraphModule
{
    private readonly NetworkGraph _graph;
    private readonly (nn.Module Module, string Name, bool IsLearned)[] _places; // Of the graph's parameters.
    private readonly Lock _folding = new();
    private readonly NormalizeLayer _normalize;
    private FoldedGraph? _folded;

    /// <summary>Makes a network of a graph, whose tensors are copied, real numbers as float32.</summary>
    internal GraphNetwork(NetworkGraph graph, GraphOptions options)
        : base(nameof(GraphNetwork), options)
    {
        using var scope = NewDisposeScope();
        _graph = graph;
        var names = ParameterNames.Of(graph.Parameters.Select(parameter => parameter.Name));
        var modules = new Dictionary<string, nn.Module> { [""] = this };
        _places = [.. graph.Parameters.Zip(names, (parameter, name) => Register(parameter, name, modules))];
        _normalize = new NormalizeLayer(options.Normalization);
        var normalize = "normalize";
        while (modules.ContainsKey(normalize) || names.Contains(normalize))
        {
            normalize += "_";
        }

        register_module(normalize, _normalize);
    }

    /// <summary>The number of operations between images and scores.</summary>
    public int OperationCount => _graph.Nodes.Length;

    /// <summary>The graph from normalised images to scores.</summary>
    internal NetworkGraph Graph => _graph;

    /// <summary>The tensors of the graph's parameters as they are now, in its order; not the caller's.</summary>
    internal Tensor[] GraphParameters => Array.ConvertAll(
        _places, place => place.IsLearned ? place.Module.get_parameter(place.Name)! : place.Module.get_buffer(place.Name)!);

    /// <inheritdoc/>
    public override bool HasFixedImageSize => true;

    /// <summary>What is known of it beside its graph.</summary>
    internal new GraphOptions Options => (GraphOptions)base.Options;

    /// <summary>Computes class scores.</summary>
    /// <param name="input">Images, shape [N, channels, height, width] of the size the graph is for, float32 pixels in [0, 1].</param>
    /// <returns>Class scores, shape [N, C]; the caller disposes them.</returns>
    public override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using var scope = NewDisposeScope();
        var normalized = _normalize.forward(input);
        var scaled = Options.PixelScale == 1 ? normalized : normalized * Options.PixelScale;
        var images = Options.IsChannelsLast ? scaled.permute(0, 2, 3, 1) : scaled;
        ThrowIfOtherSize(images);
        var isTraining = training;
        var scores = isTraining || is_grad_enabled() ? _graph.Run(images, GraphParameters, isTraining) : Folded().Run(images);
        return ToScores(scores.dim() == 2 ? scores : scores.flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>What it computes now: where gradients are off, with the steps folded that scoring folds.</summary>
    Operand IGraphModule.AddTo(ModuleGraph graph, Operand input)
    {
        var (steps, parameters) = is_grad_enabled() ? (_graph, GraphParameters) : AffineFolding.Fold(_graph, GraphParameters);
        var isPlain = base.Options.Normalization is { Mean: var mean, StandardDeviation: var deviation }
            && mean.All(value => value == 0) && deviation.All(value => value == 1);
        var images = isPlain ? input : ((IGraphModule)_normalize).AddTo(graph, input);
        if (Options.PixelScale != 1)
        {
            var factor = graph.Weight("bytes.factor", tensor(Options.PixelScale, dtype: ScalarType.Float64));
            images = graph.Add("bytes", new Mul(), images, factor);
        }

        if (Options.IsChannelsLast)
        {
            images = graph.Add("channels_last", new Transpose([0, 2, 3, 1]), images);
        }

        var values = new Dictionary<string, Operand> { [NetworkGraph.Images] = images };
        foreach (var (parameter, value) in steps.Parameters.Zip(parameters))
        {
            values[parameter.Name] = graph.Weight(parameter.Name, value);
        }

        foreach (var node in steps.Nodes)
        {
            values[node.Name] = graph.Add(node.Name, node.Operation, [.. node.Inputs.Select(name => values[name])]);
        }

        var scores = values[steps.Output];
        return AddScores(graph, scores.Shape.Rank == 2 ? scores : graph.Add("flat", new Flatten(1), scores));
    }

    /// <inheritdoc/>
    public override void train(bool train = true)
    {
        Unfold();
        base.train(train);
    }

    /// <inheritdoc/>
    /// <remarks>Who asks for the tensors may change them.</remarks>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        Unfold();
        return base.state_dict(destination, prefix);
    }

    /// <summary>The graph as scores are computed by it, and its tensors, which live as long as the weights do not change.</summary>
    internal FoldedGraph Folded()
    {
        lock (_folding)
        {
            return _folded ??= new(_graph, GraphParameters);
        }
    }

    /// <inheritdoc/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking)
    {
        Unfold();
        return base._to(dtype, non_blocking);
    }

    /// <inheritdoc/>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking)
    {
        Unfold();
        return base._to(device, dtype, non_blocking);
    }

    /// <inheritdoc/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
    {
        Unfold();
        return base._to(deviceType, deviceIndex, non_blocking);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Unfold();
        }

        base.Dispose(disposing);
    }

    private void Unfold()
    {
        lock (_folding)
        {
            _folded?.Dispose();
            _folded = null;
        }
    }

    private void ThrowIfOtherSize(Tensor images)
    {
        var expected = _graph.Input.At(images.shape[0]);
        if (!images.shape.AsSpan().SequenceEqual(expected))
        {
            throw new ArgumentException(
                $"Expected images [{string.Join(", ", expected)}], but got [{string.Join(", ", images.shape)}].", nameof(images));
        }
    }

    /// <summary>Registers a tensor under its name, in modules that are made for it.</summary>
    private static (nn.Module Module, string Name, bool IsLearned) Register(
        GraphParameter parameter, string name, Dictionary<string, nn.Module> modules)
    {
        var module = modules[""];
        foreach (var path in ParameterNames.Modules(name))
        {
            if (!modules.TryGetValue(path, out var inner))
            {
                modules[path] = inner = new Part();
                module.register_module(path[(path.LastIndexOf('.') + 1)..], inner);
            }

            module = inner;
        }

        var own = name[(name.LastIndexOf('.') + 1)..];
        using var inference = no_grad();
        var value = parameter.Value.detach();
        var copy = (value.is_floating_point() ? value.to(ScalarType.Float32) : value).clone().contiguous().DetachFromDisposeScope();
        if (parameter.Role == ParameterRole.Weight)
        {
            module.register_parameter(own, nn.Parameter(copy));
            return (module, own, true);
        }

        module.register_buffer(own, copy);
        return (module, own, false);
    }

    /// <summary>A module that has tensors and does nothing.</summary>
    private sealed class Part() : nn.Module(nameof(Part));
}
