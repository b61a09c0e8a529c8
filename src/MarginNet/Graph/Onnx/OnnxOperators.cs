using System.Collections.Frozen;
using MarginNet.Graph.Operations;

namespace MarginNet.Graph.Onnx;

/// <summary>Makes values of a node of an ONNX file, one for each of its outputs.</summary>
internal delegate Operand[] OnnxOperator(OnnxNode node, GraphBuilder graph);

/// <summary>The operators of ONNX that are known. A new one is a line here and a file of its own.</summary>
internal static class OnnxOperators
{
    private static readonly FrozenDictionary<string, OnnxOperator> Known = new Dictionary<string, OnnxOperator>
    {
        ["Abs"] = Abs.Read,
        ["Add"] = Add.Read,
        ["And"] = Comparison.Read,
        ["BatchNormalization"] = BatchNormalization.Read,
        ["Cast"] = Cast.Read,
        ["Ceil"] = Ceil.Read,
        ["Celu"] = Celu.Read,
        ["Clip"] = Clip.Read,
        ["Constant"] = Constant.Read,
        ["Conv"] = Convolution.Read,
        ["Cos"] = Cos.Read,
        ["Div"] = Div.Read,
        ["Dropout"] = Dropout.Read,
        ["Elu"] = Elu.Read,
        ["Equal"] = Comparison.Read,
        ["Erf"] = Erf.Read,
        ["Exp"] = Exp.Read,
        ["Flatten"] = Flatten.Read,
        ["Floor"] = Floor.Read,
        ["Gelu"] = Gelu.Read,
        ["Greater"] = Comparison.Read,
        ["GreaterOrEqual"] = Comparison.Read,
        ["GroupNormalization"] = GroupNormalization.Read,
        ["HardSigmoid"] = HardSigmoid.Read,
        ["HardSwish"] = HardSwish.Read,
        ["Identity"] = Identity.Read,
        ["InstanceNormalization"] = InstanceNormalization.Read,
        ["LRN"] = LocalResponseNormalization.Read,
        ["LayerNormalization"] = LayerNormalization.Read,
        ["LeakyRelu"] = LeakyRelu.Read,
        ["Less"] = Comparison.Read,
        ["LessOrEqual"] = Comparison.Read,
        ["Log"] = Log.Read,
        ["LogSoftmax"] = LogSoftmax.Read,
        ["LpNormalization"] = LpNormalization.Read,
        ["Max"] = Max.Read,
        ["Mean"] = Mean.Read,
        ["MeanVarianceNormalization"] = MeanVarianceNormalization.Read,
        ["Min"] = Min.Read,
        ["Mish"] = Mish.Read,
        ["Mul"] = Mul.Read,
        ["Neg"] = Neg.Read,
        ["Not"] = Not.Read,
        ["Or"] = Comparison.Read,
        ["PRelu"] = PRelu.Read,
        ["Pow"] = Pow.Read,
        ["Reciprocal"] = Reciprocal.Read,
        ["ReduceL1"] = ReduceL1.Read,
        ["ReduceL2"] = ReduceL2.Read,
        ["ReduceMax"] = ReduceMax.Read,
        ["ReduceMean"] = ReduceMean.Read,
        ["ReduceMin"] = ReduceMin.Read,
        ["ReduceSum"] = ReduceSum.Read,
        ["ReduceSumSquare"] = ReduceSumSquare.Read,
        ["Relu"] = Relu.Read,
        ["Round"] = Round.Read,
        ["Selu"] = Selu.Read,
        ["Sigmoid"] = Sigmoid.Read,
        ["Sign"] = Sign.Read,
        ["Sin"] = Sin.Read,
        ["Softmax"] = Softmax.Read,
        ["Softplus"] = Softplus.Read,
        ["Softsign"] = Softsign.Read,
        ["Sqrt"] = Sqrt.Read,
        ["Sub"] = Sub.Read,
        ["Sum"] = Sum.Read,
        ["Swish"] = Swish.Read,
        ["Tanh"] = Tanh.Read,
        ["ThresholdedRelu"] = ThresholdedRelu.Read,
        ["Where"] = Where.Read,
        ["Xor"] = Comparison.Read,
    }.ToFrozenDictionary();

    /// <summary>The reader of an operator; null where it is not known.</summary>
    public static OnnxOperator? Find(string name) => Known.GetValueOrDefault(name);
}
