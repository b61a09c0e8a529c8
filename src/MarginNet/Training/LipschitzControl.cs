using MarginNet.Bounds;
using MarginNet.Checkpoints;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Lipschitz;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>Training that sees the network's Lipschitz constants: margins as radii, and layers kept below a norm.</summary>
internal sealed class LipschitzControl(
    nn.Module<Tensor, Tensor> network, FeatureShape input, TrainingOptions options, Device device) : IDisposable
{
    private readonly PowerIteration _margin = new();
    private readonly PowerIteration _projection = new();
    private Parameter[]? _matrices; // That are retracted, the same ones in every step.

    /// <summary>
    /// Raises each rival's score by ε·L_ij of the present network (Tsuzuku et al., 2018): the true class c is ahead of what
    /// results by as much as its ball of radius ε needs.
    /// </summary>
    /// <param name="logits">Scores f, shape [N, C].</param>
    /// <param name="labels">True classes c, shape [N].</param>
    /// <param name="ramp">The share of ε that is due.</param>
    /// <returns>The scores f_i + ε·L_ci, and f_c as it is, shape [N, C].</returns>
    public Tensor RaiseRivals(Tensor logits, Tensor labels, double ramp)
    {
        using var scope = NewDisposeScope();
        var constants = TrainingConstants.Compute(network, input, _margin, device);
        var rivals = 1 - eye(constants.shape[0], device: device);
        return (logits + ((ramp * options.LipschitzMargin) * (constants * rivals).index_select(0, labels))).MoveToOuterDisposeScope();
    }

    /// <summary>Does after a step what the options ask for.</summary>
    public void AfterStep()
    {
        if (options.Parseval is { } share)
        {
            Retract((float)share);
        }

        if (options.LipschitzProjection is not null)
        {
            Project();
        }
    }

    /// <summary>
    /// Moves the weights of every convolution and linear layer a share β of the way to orthonormal rows or columns, W ← (1 + β)W − βWWᵀW
    /// (Parseval networks; Cissé et al., 2017). A convolution's W is its kernels as rows, times the root of the taps, so that
    /// orthonormal ones make it 1-Lipschitz at least at stride 1.
    /// </summary>
    private void Retract(float share)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        _matrices ??= [.. Weights(ModuleReader.Read(network, input)).Values.OfType<Parameter>().Where(weight => weight.dim() > 1).Distinct()];
        foreach (var weight in _matrices)
        {
            var scale = MathF.Sqrt(weight.dim() > 2 ? weight[0, 0].numel() : 1);
            var matrix = weight.flatten(1) * scale;
            var (rows, columns) = (matrix.shape[0], matrix.shape[1]);
            var cube = rows <= columns ? matrix.mm(matrix.t()).mm(matrix) : matrix.mm(matrix.t().mm(matrix));
            weight.mul_(1 + share).sub_((cube * (share / scale)).view_as(weight));
        }
    }

    /// <summary>Scales every convolution, linear layer and batch-norm whose norm is above K down to K (Gouk et al., 2021).</summary>
    private void Project()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var graph = ModuleReader.Read(network, input);
        Project(TrainingConstants.Layers(graph, device), input, Weights(graph));
    }

    /// <summary>The weights of linear layers, convolutions and batch-norms by the names of their nodes; null where they are not
    /// learned.</summary>
    private static Dictionary<string, Parameter?> Weights(NetworkGraph graph)
    {
        var values = graph.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.Value as Parameter);
        return graph.Nodes
            .Where(node => node.Operation
                is Gemm or MatMul or Graph.Operations.Convolution or ConvTranspose or BlockedConvolution or PreciseLinear
                or BatchNormalization)
            .ToDictionary(node => node.Name, node => values.GetValueOrDefault(node.Inputs[1]));
    }

    private void Project(IEnumerable<Layer> layers, FeatureShape shape, Dictionary<string, Parameter?> weights)
    {
        foreach (var layer in layers)
        {
            Project(layer, shape, weights);
            shape = layer.Output(shape);
        }
    }

    private void Project(Layer layer, FeatureShape shape, Dictionary<string, Parameter?> weights)
    {
        switch (layer, weights.GetValueOrDefault(layer.Name))
        {
            case (ResidualLayer residual, _):
                Project(residual.Body, shape, weights);
                Project(residual.Skip, shape, weights);
                break;
            case (BranchesLayer branches, _):
                Array.ForEach([.. branches.Branches], branch => Project(branch, shape, weights));
                break;
            case (LinearLayer or ConvolutionLayer or TransposedConvolutionLayer, { } weight):
                weight.mul_(Factor(TrainingConstants.Norm(layer, shape, _projection, device)));
                break;
            case (ChannelScaleLayer scale, { } weight):
                weight.mul_(Factor(scale.Factors.abs()));
                break;
        }
    }

    private Tensor Factor(Tensor norm) => (options.LipschitzProjection!.Value / norm.clamp_min(1e-12f)).clamp_max(1);

    public Dictionary<string, object?> Capture() => new() { ["margin"] = _margin.Capture(), ["projection"] = _projection.Capture() };

    public void Restore(PlainDictionary state)
    {
        _margin.Restore(state.Dictionary("margin"), device);
        _projection.Restore(state.Dictionary("projection"), device);
    }

    public void Dispose()
    {
        _margin.Dispose();
        _projection.Dispose();
    }
}
