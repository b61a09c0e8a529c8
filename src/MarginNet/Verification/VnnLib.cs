using System.Text;
using MarginNet.Checkpoints;

namespace MarginNet.Verification;

/// <summary>
/// Reads properties as the competition on verification writes them, a part of VNN-LIB 1.0: inputs <c>X_0</c>, <c>X_1</c>, … and outputs
/// <c>Y_0</c>, <c>Y_1</c>, … declared as Real, and asserts of <c>and</c>, <c>or</c>, <c>&lt;=</c>, <c>&gt;=</c>, <c>&lt;</c>
/// and <c>&gt;</c> (which are read as the former two) over linear terms.
/// </summary>
public static class VnnLib
{
    private const long MostBytes = 1 << 26;

    /// <summary>Reads a file, which may be packed as .gz.</summary>
    /// <param name="path">The file.</param>
    /// <returns>What it asserts, as boxes of inputs with what is unsafe there.</returns>
    /// <exception cref="InvalidDataException">It is no such file, an input has no bounds, or they exclude each other; the message names the
    /// file and where known the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Property Read(string path)
    {
        try
        {
            return Parse(Encoding.UTF8.GetString(PackedFile.Read(path, MostBytes)));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{path}' is not a property that is read here: {e.Message}", e);
        }
    }

    /// <summary>Reads the text of a file.</summary>
    /// <param name="text">The text.</param>
    /// <returns>What it asserts.</returns>
    /// <exception cref="InvalidDataException">As for <see cref="Read"/>.</exception>
    public static Property Parse(string text)
    {
        var declared = new HashSet<Variable>();
        var formula = new Formula(declared);
        List<Comparison> common = [];
        List<List<Comparison[]>> parts = [];
        Expression? last = null;
        foreach (var command in new ExpressionReader(text).ReadAll())
        {
            switch (command)
            {
                case { Head: "declare-const", Items: [_, { Word: { } constant }, { Word: "Real" }] }:
                    Declare(declared, command, constant);
                    break;
                case { Head: "declare-fun", Items: [_, { Word: { } function }, { Word: null, Items: [] }, { Word: "Real" }] }:
                    Declare(declared, command, function);
                    break;
                case { Head: "assert", Items: [_, var asserted] }:
                    var cases = formula.Cases(asserted);
                    if (cases.Count == 1)
                    {
                        common.AddRange(cases[0]);
                    }
                    else
                    {
                        last = asserted;
                        parts.Add(cases);
                    }

                    break;
                case { Head: "set-logic" or "set-info" or "set-option" or "check-sat" or "get-model" or "exit" }:
                    break;
                default:
                    throw command.Refusal($"'{command}' is not known here: expected (declare-const X_0 Real) or (assert …).");
            }
        }

        var (inputs, outputs) = (Count(declared, isInput: true), Count(declared, isInput: false));
        return new PropertyBuilder(inputs, outputs).Build(common, parts.Count == 0 ? [[]] : Formula.All(parts, last!));
    }

    private static void Declare(HashSet<Variable> declared, Expression command, string name)
    {
        var variable = Variable.Parse(name)
            ?? throw command.Refusal($"it declares '{command.Items[1]}': expected inputs X_0, X_1, … and outputs Y_0, Y_1, …");
        if (!declared.Add(variable))
        {
            throw command.Refusal($"it declares {variable} again: leave it out.");
        }
    }

    private static int Count(HashSet<Variable> declared, bool isInput)
    {
        var count = declared.Count(variable => variable.IsInput == isInput);
        if (count == 0)
        {
            var first = new Variable(isInput, 0);
            throw new InvalidDataException($"it declares no {first}: add (declare-const {first} Real).");
        }

        for (var i = 0; i < count; i++)
        {
            if (!declared.Contains(new(isInput, i)))
            {
                var things = isInput ? "inputs" : "outputs";
                throw new InvalidDataException($"it declares {count} {things}, but not {new Variable(isInput, i)}: "
                    + "expected them numbered from 0 without gaps.");
            }
        }

        return count;
    }
}
