using System.Globalization;
using System.IO.Compression;
using System.Text;
using MarginNet.Verification;

namespace MarginNet.Tests.Verification;

/// <summary>What properties of VNN-LIB say, and which files are refused.</summary>
public sealed class VnnLibTests : IDisposable
{
    private const string Declared = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)";
    private const string Box = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 -0.5) (<= X_1 1e-5)))";
    private const string Row = "(assert (<= Y_0 Y_1))";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Any_formula_is_violated_where_it_holds()
    {
        var random = new Random(1);
        var (violated, held) = (0, 0);
        for (var round = 0; round < 300; round++)
        {
            RandomFormula[] formulas = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => RandomFormula.Draw(random, 2, 2, depth: 3))];
            var text = $"{Declared}(assert (and (<= -1 X_0) (<= X_0 1) (<= -1 X_1) (<= X_1 1)))(assert (<= Y_0 2)) "
                + string.Concat(formulas.Select(formula => $"(assert {formula.Text})"));
            var property = Possible(text);
            for (var i = 0; i < 100; i++)
            {
                double[] x = [RandomFormula.Eighth(random), RandomFormula.Eighth(random)];
                double[] y = [RandomFormula.Eighth(random), RandomFormula.Eighth(random)];
                var holds = Array.TrueForAll(formulas, formula => formula.Holds(x, y));
                (violated, held) = holds ? (violated + 1, held) : (violated, held + 1);
                Assert.True(holds == (property?.IsViolatedBy(x, y) ?? false), text);
            }
        }

        Assert.True(violated > 1000 && held > 1000); // Both were tried.
    }

    /// <summary>The property; null where no input is in any of its boxes.</summary>
    private static Property? Possible(string text)
    {
        try
        {
            return VnnLib.Parse(text);
        }
        catch (InvalidDataException e) when (e.Message.Contains("exclude each other", StringComparison.Ordinal))
        {
            return null;
        }
    }

    [Fact]
    public void A_property_is_read_as_it_was_written_whatever_the_spaces_comments_and_order()
    {
        var random = new Random(2);
        for (var round = 0; round < 50; round++)
        {
            var property = Draw(random, inputs: random.Next(1, 20), outputs: random.Next(1, 6));
            var read = VnnLib.Parse(Write(random, property));
            var (expected, found) = (property.Queries[0], Assert.Single(read.Queries));
            Assert.Equal(expected.Lower.AsEnumerable(), found.Lower);
            Assert.Equal(expected.Upper.AsEnumerable(), found.Upper);
            Assert.Equal(expected.Unsafe.Select(Rows), found.Unsafe.Select(Rows));
        }

        static string Rows(Conjunction conjunction) => string.Join(';', conjunction.Weights.Zip(
            conjunction.Limits, (row, limit) => string.Create(CultureInfo.InvariantCulture, $"{string.Join(',', row)}<={limit:R}")));
    }

    [Fact]
    public void Alternatives_of_one_box_are_one_query_and_others_their_own()
    {
        var left = "(and (<= X_0 0.25) (<= Y_0 0))";
        var right = "(and (>= X_0 0.75) (<= Y_1 0))";
        var property = VnnLib.Parse(
            $"{Declared}{Box}(assert (or {left} {right} (and (<= X_0 0.25) (>= Y_0 5))))(assert (or (<= Y_0 1) (<= Y_1 1)))");
        Assert.Equal([4, 2], property.Queries.Select(query => query.Unsafe.Length));
        Assert.Equal([(0, 0.25), (0.75, 1)], property.Queries.Select(query => (query.Lower[0], query.Upper[0])));
        Assert.All(property.Queries, query => Assert.All(query.Unsafe, conjunction => Assert.Equal(2, conjunction.Limits.Length)));
    }

    [Theory]
    [InlineData("Not SMT-LIB.", "line 1: 'Not' is not known here")]
    [InlineData("", "it declares no X_0: add (declare-const X_0 Real)")]
    [InlineData("(declare-const X_0 Real)", "it declares no Y_0")]
    [InlineData("(declare-const X_0 Int)", "line 1: '(declare-const …)' is not known here")]
    [InlineData("\n\n(declare-const Z_0 Real)", "line 3: it declares 'Z_0'")]
    [InlineData("(declare-const X_00 Real)", "it declares 'X_00'")]
    [InlineData("(declare-const X_99999999999999999999 Real)", "it declares 'X_9999")]
    [InlineData("(declare-const X_0 Real)(declare-const X_0 Real)", "it declares X_0 again: leave it out")]
    [InlineData("(declare-const X_0 Real)(declare-const X_2 Real)(declare-const Y_0 Real)", "it declares 2 inputs, but not X_1")]
    [InlineData(Declared + Row, "input X_0 has no least value: add (assert (>= X_0 number))")]
    [InlineData(Declared + "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 0)))" + Row, "input X_1 has no largest value")]
    [InlineData(Declared + Box, "it says nothing of the outputs")]
    [InlineData(Declared + Box + "(assert (or (<= Y_0 0) (<= X_0 0.5)))", "it says nothing of the outputs")]
    [InlineData(Declared + Box + Row + "\n(assert (>= X_0 2))", "line 2: the bounds of X_0 exclude each other")]
    [InlineData(Declared + Box + Row + "\n(assert (or (>= X_0 2) (<= X_1 -3)))", "line 2: the bounds of X_1 exclude each other")]
    [InlineData(Declared + "(assert (<= X_0 1e999))", "the number '1e999' is not finite")]
    [InlineData(Declared + "(assert (<= X_0 NaN))", "'NaN' is not known here: expected a number")]
    [InlineData(Declared + "(assert (<= X_0 -NaN))", "the number '-NaN' is not finite")]
    [InlineData(Declared + "(assert (<= X_0 1,5))", "'1,5' is not known here")]
    [InlineData(Declared + "(assert (<= (* X_0 Y_0) 1))", "it multiplies variables, which is not linear")]
    [InlineData(Declared + "(assert (<= (/ Y_0 2) 1))", "'(/ …)' is not known here: expected a number, X_i, Y_i, +, - or *")]
    [InlineData(Declared + "(assert (<= Y_0 X_0))", "it compares inputs with outputs")]
    [InlineData(Declared + "(assert (<= X_1 X_0))", "it compares inputs with each other")]
    [InlineData(Declared + "(assert (<= (* 3 X_0) 1))", "its bound of X_0 is no double precisely: write it as (<= X_0 number)")]
    [InlineData(Declared + "(assert (<= (- Y_0 Y_0) 1))", "it compares numbers alone")]
    [InlineData(Declared + "(assert (<= (* 1e300 (* 1e300 Y_0)) 1))", "its numbers overflow")]
    [InlineData(Declared + "(assert (<= Y_0 Y_1 1))", "'<=' compares 3 terms: expected two")]
    [InlineData(Declared + "(assert (<= Y_7 1))", "Y_7 is not declared: add (declare-const Y_7 Real)")]
    [InlineData(Declared + "(assert (not (<= Y_0 1)))", "'(not …)' is not known here: expected and, or, <=, >=, < or >")]
    [InlineData(Declared + "(assert (or))", "'(or)' has nothing in it")]
    [InlineData(Declared + "(assert Y_0)", "'Y_0' is not known here")]
    [InlineData(Declared + "(assert ())", "'(…)' is not known here")]
    [InlineData(Declared + "\n(assert (<= Y_0 1)", "line 2: a parenthesis is not closed; the file may be cut off")]
    [InlineData(Declared + "\n)", "line 2: a parenthesis is closed that was not opened")]
    [InlineData("(set-info \"", "a \" is not closed")]
    public void Other_files_are_refused_in_one_line_that_says_where_and_what_to_do(string text, string reason)
    {
        File.WriteAllText(_folder["p.vnnlib"], text);
        var message = Assert.Throws<InvalidDataException>(() => VnnLib.Read(_folder["p.vnnlib"])).Message;
        Assert.StartsWith($"'{_folder["p.vnnlib"]}' is not a property that is read here: ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void What_would_take_too_much_memory_is_refused()
    {
        var or = $"(or {string.Join(' ', Enumerable.Range(0, 101).Select(i => $"(<= Y_0 {i})"))})";
        Refused($"{Declared}{Box}(assert {or})(assert {or})", "make 10201 alternatives");
        Refused($"{Declared}{Box}(assert (and {or} {or} {or} {or}))", "make 10201 alternatives");
        Refused($"{Declared}{Box}(assert {new string('(', 100_000)}", "more than 64 parentheses are open");

        static void Refused(string text, string reason) =>
            Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => VnnLib.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Packed_files_are_read_under_either_name_and_bombs_refused()
    {
        Pack("p.vnnlib.gz", Encoding.UTF8.GetBytes(Declared + Box + Row));
        Assert.Equal(0.5, -VnnLib.Read(_folder["p.vnnlib.gz"]).Queries[0].Lower[1]);
        Assert.Equal(1e-5, VnnLib.Read(_folder["p.vnnlib"]).Queries[0].Upper[1]);
        Pack("bomb.vnnlib.gz", new byte[(1 << 26) + 1]);
        Assert.Contains(
            "It has more than 67108864 bytes unpacked.",
            Assert.Throws<InvalidDataException>(() => VnnLib.Read(_folder["bomb.vnnlib.gz"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<FileNotFoundException>(() => VnnLib.Read(_folder["absent.vnnlib"]));
    }

    private void Pack(string name, byte[] content)
    {
        using var file = File.Create(_folder[name]);
        using var packed = new GZipStream(file, CompressionLevel.Fastest);
        packed.Write(content);
    }

    private static Property Draw(Random random, int inputs, int outputs)
    {
        double[] lower = [.. Enumerable.Range(0, inputs).Select(_ => random.NextDouble() - 0.5)];
        double[] upper = [.. lower.Select(least => least + (random.NextDouble() * Math.Pow(10, -random.Next(20))))];
        Conjunction Unsafe() => new(
            [[.. Enumerable.Range(0, outputs).Select(_ => random.NextDouble() + 0.1)]],
            [random.NextDouble() * Math.Pow(10, random.Next(-9, 9))]);
        return new([new([.. lower], [.. upper], [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Unsafe())])]);
    }

    private static string Write(Random random, Property property)
    {
        var query = property.Queries[0];
        var cases = query.Unsafe.Select(conjunction => $"(and ;; one\n(<= {Sum(conjunction)} {Number(conjunction.Limits[0])}))");
        string[] asserts =
        [
            .. query.Lower.Select((value, i) => random.Next(2) == 0 ? $"( >= X_{i} {Number(value)} )" : $"(<= {Number(value)} X_{i})"),
            .. query.Upper.Select((value, i) => random.Next(2) == 0 ? $"(<=\tX_{i}\n{Number(value)})" : $"(and (> {Number(value)} X_{i}))"),
            $"(or {string.Join("\n\t", cases)})",
        ];
        random.Shuffle(asserts);
        var declared = Enumerable.Range(0, property.InputCount).Select(i => $"X_{i}")
            .Concat(Enumerable.Range(0, property.OutputCount).Select(i => $"Y_{i}")).ToArray();
        random.Shuffle(declared);
        return "; A comment (with a parenthesis\n(set-logic QF_LRA)\n"
            + string.Concat(declared.Select(
                name => random.Next(2) == 0 ? $"(declare-const {name} Real)\r\n" : $"(declare-fun {name} () Real) "))
            + string.Concat(asserts.Select(formula => $"(assert {formula}) ; and )\n")) + "(check-sat)";

        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

        static string Sum(Conjunction conjunction) => conjunction.Weights[0] is [var only] ? $"(* {Number(only)} Y_0)"
            : $"(+ {string.Join(' ', conjunction.Weights[0].Select((weight, i) => $"(* {Number(weight)} Y_{i})"))})";
    }
}
