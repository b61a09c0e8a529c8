using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A function applied to each number of one value.</summary>
internal abstract record ElementwiseOperation : Operation
{
    public sealed override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var only] ? only : throw Misfit(inputs, "one input");

    public sealed override Tensor Run(Tensor[] inputs, bool isTraining) => Run(inputs[0]);

    protected abstract Tensor Run(Tensor input);
}
