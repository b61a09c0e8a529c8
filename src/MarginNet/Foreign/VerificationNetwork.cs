using MarginNet.Checkpoints;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using MarginNet.Verification;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>A network of an ONNX file of which properties are decided: read as a graph to reason about, and run by ONNX Runtime, on which
/// a counterexample is to hold.</summary>
public sealed class VerificationNetwork : IDisposable
{
    private const int MaxReason = 300;
    private const long MostBytes = 1L << 31;

    private readonly NetworkGraph _graph;
    private readonly InferenceSession _session;
    private readonly string _path;

    private VerificationNetwork(NetworkGraph graph, InferenceSession session, string path) =>
        (_graph, _session, _path) = (graph, session, path);

    /// <summary>The number of inputs, all numbers of one in a row.</summary>
    public int InputCount => (int)_graph.Input.Count.Count;

    /// <summary>The number of outputs, all numbers of one in a row.</summary>
    public int OutputCount => (int)_graph.OutputShape.Count.Count;

    /// <summary>Reads a file, which may be packed as .gz.</summary>
    /// <param name="path">The file: one float32 input whose first size is for a batch, and one output.</param>
    /// <exception cref="InvalidDataException">It is damaged, or has what is not known here; the message names the file.</exception>
    /// <exception cref="NotSupportedException">The native half of ONNX Runtime is missing.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static VerificationNetwork Load(string path)
    {
        TorchNative.Load();
        using var scope = NewDisposeScope();
        try
        {
            var file = ExternalWeights.Embed(PackedFile.Read(path, Math.Min(MostBytes, Array.MaxLength)), path);
            var model = OnnxFile.Parse(file);
            ThrowIfOther(model.Graph ?? throw new InvalidDataException("It has no graph."));
            var graph = OnnxReader.Read(model, image: null, keepsSoftmax: true);
            var session = OnnxProgram.Open(file);
            foreach (var parameter in graph.Parameters)
            {
                parameter.Value.DetachFromDisposeScope();
            }

            return new(graph, session, path);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is not a network that is read here: {e.Message}", e);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InvalidDataException($"'{path}' is not a network that ONNX Runtime runs: {FileText.Show(e.Message, MaxReason)}", e);
        }
        catch (TypeInitializationException e) when (e.InnerException is DllNotFoundException)
        {
            throw new NotSupportedException("Counterexamples are run by ONNX Runtime, whose native half is missing: "
                + "add the package Microsoft.ML.OnnxRuntime to the program.", e);
        }
    }

    /// <summary>Decides a property.</summary>
    /// <param name="property">The property, of as many inputs and outputs as the network.</param>
    /// <param name="options">How long it may take.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The verdict. A counterexample is in its box, all float32 numbers, and violates the property by the outputs of ONNX
    /// Runtime, which are the verdict's.</returns>
    /// <exception cref="InvalidDataException">The property has another number of inputs or outputs.</exception>
    public Verdict Verify(Property property, VerifierOptions options, CancellationToken cancellation = default)
    {
        if ((property.InputCount, property.OutputCount) != (InputCount, OutputCount))
        {
            throw new InvalidDataException($"'{_path}' has {InputCount} inputs and {OutputCount} outputs, but the property declares " +
                $"{property.InputCount} and {property.OutputCount}: give the property of this network.");
        }

        var verdict = Verifier.Decide(_graph, property, options with { Witness = Run }, cancellation);
        return verdict.Answer != Answer.Sat ? verdict : Confirm(property, verdict) ?? verdict with
        {
            Answer = Answer.Unknown,
            Input = null,
            Output = null,
            Reason = "A counterexample of the graph does not hold on ONNX Runtime.",
        };
    }

    /// <summary>Computes the outputs of an input by ONNX Runtime.</summary>
    /// <param name="input">The input, shape [inputs].</param>
    public float[] Run(float[] input)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(input, _graph.Input.At(1));
        using var run = new RunOptions();
        using var results = _session.Run(run, [_session.InputNames[0]], [value], [_session.OutputNames[0]]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>Frees the weights and the session.</summary>
    public void Dispose()
    {
        foreach (var parameter in _graph.Parameters)
        {
            parameter.Value.Dispose();
        }

        _session.Dispose();
    }

    /// <summary>The verdict with the outputs of ONNX Runtime; null where its counterexample does not hold there.</summary>
    private Verdict? Confirm(Property property, Verdict verdict)
    {
        var input = verdict.Input!.Value;
        var output = Array.ConvertAll(Run([.. input.Select(number => (float)number)]), number => (double)number);
        return input.All(number => (float)number == number) && property.IsViolatedBy(input.AsSpan(), output)
            ? verdict with { Output = [.. output] }
            : null;
    }

    private static void ThrowIfOther(GraphProto graph)
    {
        if (graph.Output.Count != 1)
        {
            throw new InvalidDataException($"It has {graph.Output.Count} outputs: expected one; export it with the one that is asked of.");
        }

        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet();
        var input = graph.Input.FirstOrDefault(value => !weights.Contains(value.Name))?.Type?.TensorType;
        if (input?.ElemType != (int)TensorProto.Types.DataType.Float)
        {
            throw new InvalidDataException("Its input is not of float32: export it so.");
        }

        if (input.Shape?.Dim is [{ DimValue: > 1 } batch, ..])
        {
            throw new InvalidDataException($"It takes {batch.DimValue} inputs at once: export it for one, or for any number.");
        }
    }
}
