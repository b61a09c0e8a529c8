namespace MarginNet.Tests.Graph;

/// <summary>Random ONNX files of one operator, by its name.</summary>
internal static class OperationCases
{
    private const int Oldest = 7;
    private const int Newest = 24;

    private static readonly Dictionary<string, (int Since, Func<OperatorCase, Random, string?> Build)> Builders = [];
    private static readonly Dictionary<string, Func<Random, double>> Draws = [];
    private static readonly Dictionary<string, int> LeastAxes = new()
    {
        ["InstanceNormalization"] = 2,
        ["GroupNormalization"] = 2,
        ["LRN"] = 3,
        ["MeanVarianceNormalization"] = 3,
    };

    static OperationCases()
    {
        Pointwise();
        Arithmetic();
        Reductions();
        Normalizations();
    }

    /// <summary>The operators.</summary>
    public static IEnumerable<string> Names => Builders.Keys;

    /// <summary>A file of an operator, of a random operator set that has it.</summary>
    /// <param name="name">The operator.</param>
    /// <param name="random">What it is drawn by.</param>
    public static OperatorCase Draw(string name, Random random)
    {
        var (since, build) = Builders[name];
        var axes = random.Next(LeastAxes.GetValueOrDefault(name, 1), 4);
        var it = new OperatorCase([.. Enumerable.Range(0, axes).Select(_ => (long)random.Next(1, 6))], random.Next(since, Newest + 1));
        return build(it, random) is not null ? it : Draw(name, random);
    }

    /// <summary>What the numbers of its images are drawn by.</summary>
    public static Func<Random, double> Numbers(string name) => Draws.GetValueOrDefault(name, random => 2 * OperatorCase.Normal(random));

    /// <param name="name">The operator.</param>
    /// <param name="since">The first operator set to draw.</param>
    /// <param name="build">Adds its node to a file; null where the shape that was drawn does not do.</param>
    /// <param name="draw">What the numbers of images are drawn by.</param>
    private static void Add(string name, int since, Func<OperatorCase, Random, string?> build, Func<Random, double>? draw = null)
    {
        Builders.Add(name, (since, build));
        if (draw is not null)
        {
            Draws.Add(name, draw);
        }
    }

    private static double Positive(Random random) => 0.5 + Math.Abs(OperatorCase.Normal(random));

    private static double NonZero(Random random) => random.Next(2) == 0 ? Positive(random) : -Positive(random);

    private static float Between(Random random, double least, double most) => (float)(least + ((most - least) * random.NextDouble()));

    private static void Pointwise()
    {
        void One(
            string name, int since = Oldest, Func<Random, double>? draw = null, Func<Random, (string, object)[]>? attributes = null,
            int least = 1) =>
            Add(name, since, (it, random) =>
                Count(it.Image) < least ? null : it.Node(name, [OperatorCase.Input], attributes?.Invoke(random)), draw);

        (string, object)[] None(Random random) => [];
        Func<Random, (string, object)[]> Perhaps(Func<Random, (string, object)[]> attributes) =>
            random => random.Next(4) == 0 ? None(random) : attributes(random);

        foreach (var name in new[]
        {
            "Abs", "Ceil", "Cos", "Exp", "Floor", "Identity", "Neg", "Relu", "Sin", "Softplus", "Softsign", "Tanh",
        })
        {
            One(name);
        }

        One("Sign", 9);
        One("Erf", 9);
        One("Round", 11);
        One("HardSwish", 14);
        One("Mish", 18);
        One("Log", draw: Positive);
        One("Sqrt", draw: Positive);
        One("Reciprocal", draw: NonZero);
        One("Elu", attributes: Perhaps(random => [("alpha", Between(random, 0.1, 2))]));
        One("Celu", 12, attributes: Perhaps(random => [("alpha", Between(random, 0.1, 2))]));
        One("LeakyRelu", attributes: Perhaps(random => [("alpha", Between(random, -1, 1))]));
        One("ThresholdedRelu", 10, attributes: Perhaps(random => [("alpha", Between(random, 0, 2))]));
        One("Selu", attributes: Perhaps(random => [("alpha", Between(random, 0.1, 2)), ("gamma", Between(random, 1, 2))]));
        One("HardSigmoid", attributes: Perhaps(random => [("alpha", Between(random, 0.1, 1)), ("beta", Between(random, 0, 1))]));
        // Far below 0 these are all rounding: such numbers alone are no scale to compare with.
        One("Gelu", 20, OperatorCase.Normal, Perhaps(random => [("approximate", random.Next(2) == 0 ? "none" : "tanh")]), least: 6);
        One("Sigmoid", draw: OperatorCase.Normal, least: 6);
        One("Swish", 24, OperatorCase.Normal, Perhaps(random => [("alpha", Between(random, -2, 2))]), least: 6);
        One("Cast", attributes: _ => [("to", 1L)]);
        Add("Clip", Oldest, (it, random) =>
        {
            (string Name, float Value)[] bounds = [("min", Between(random, -2, 0)), ("max", Between(random, 0, 2))];
            var kept = random.Next(4);
            var has = bounds.Where((_, i) => (kept >> i & 1) != 0).ToArray();
            return it.Set < 11
                ? it.Node("Clip", [OperatorCase.Input], [.. has.Select(bound => (bound.Name, (object)bound.Value))])
                : it.Node(
                    "Clip", [OperatorCase.Input, .. bounds.Select(bound => has.Contains(bound) ? it.Constant([], [bound.Value]) : "")]);
        });
        Add("Dropout", Oldest, (it, random) =>
        {
            var ratio = Between(random, 0, 0.9);
            return it.Set < 12
                ? it.Node("Dropout", [OperatorCase.Input], [("ratio", ratio)])
                : it.Node("Dropout", random.Next(2) == 0 ? [OperatorCase.Input] : [OperatorCase.Input, it.Constant([], [ratio])]);
        });
    }

    private static void Arithmetic()
    {
        // The image; a constant that is broadcast to it, or that it is broadcast to; or another branch.
        string Other(OperatorCase it, Random random, Func<Random, double> draw, bool mayGrow = true)
        {
            if (random.Next(4) == 0)
            {
                return it.Node("Exp", [it.Node("Tanh", [OperatorCase.Input])]);
            }

            var sizes = it.Image.Select(size => random.Next(3) == 0 ? 1 : size == 1 && mayGrow ? random.Next(1, 4) : size);
            var shape = random.Next(3) == 0 ? sizes.Prepend(1) : sizes.Skip(random.Next(it.Image.Count + 1));
            return it.Constant([.. shape], () => draw(random));
        }

        void Two(string name, Func<Random, double>? draw = null) => Add(name, Oldest, (it, random) =>
        {
            string[] inputs = [OperatorCase.Input, Other(it, random, draw ?? OperatorCase.Normal)];
            return it.Node(name, random.Next(2) == 0 ? inputs : [inputs[1], inputs[0]]);
        }, draw);

        void Many(string name) => Add(name, 8, (it, random) =>
        {
            var others = Enumerable.Range(0, random.Next(4)).Select(_ => Other(it, random, OperatorCase.Normal, mayGrow: false));
            return it.Node(name, [.. others, OperatorCase.Input]);
        });

        Two("Add");
        Two("Sub");
        Two("Mul");
        Two("Div", NonZero);
        Two("Pow", Positive);
        Many("Max");
        Many("Min");
        Many("Sum");
        Many("Mean");
        Add("PRelu", Oldest, (it, random) =>
        {
            var sizes = it.Image.Select(size => random.Next(2) == 0 ? 1 : size).Skip(random.Next(it.Image.Count + 1));
            return it.Node("PRelu", [OperatorCase.Input, it.Constant([.. sizes], () => OperatorCase.Normal(random))]);
        });
        Add("Where", 9, (it, random) =>
        {
            string Draw() => it.Constant([.. it.Image.Select(size => random.Next(3) == 0 ? 1 : size)], () => OperatorCase.Normal(random));
            var condition = it.Node("Greater", [Draw(), Draw()]);
            return it.Node(
                "Where", random.Next(2) == 0 ? [condition, OperatorCase.Input, Draw()] : [condition, Draw(), OperatorCase.Input]);
        });
    }

    private static void Reductions()
    {
        foreach (var name in new[] { "ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare" })
        {
            Add(name, Oldest, (it, random) =>
            {
                var axes = Axes(it, random);
                (string, object) keeps = ("keepdims", (long)random.Next(2));
                return it.Set >= (name == "ReduceSum" ? 13 : 18)
                    ? it.Node(name, [OperatorCase.Input, it.Constant([axes.Length], axes)], [keeps])
                    : it.Node(name, [OperatorCase.Input], [keeps, ("axes", axes)]);
            });
        }
    }

    private static void Normalizations()
    {
        const int fewest = 4; // Of fewer numbers the variance may be all rounding.
        (string, object) Epsilon(Random random) => ("epsilon", (float)Math.Pow(10, -1 - (3 * random.NextDouble())));
        string Weight(OperatorCase it, Random random, params long[] shape) => it.Constant(shape, () => OperatorCase.Normal(random));

        foreach (var name in new[] { "Softmax", "LogSoftmax" })
        {
            Add(name, Oldest, (it, random) =>
                it.Node(name, [OperatorCase.Input], random.Next(4) == 0 ? [] : [("axis", Axis(it, random))]));
        }

        Add("LayerNormalization", 17, (it, random) =>
        {
            var axis = Axis(it, random);
            long[] sizes = [.. it.Image.Skip((int)(axis < 0 ? it.Image.Count + axis : axis - 1))];
            string[] bias = random.Next(2) == 0 ? [] : [Weight(it, random, sizes)];
            return Count(sizes) < fewest ? null : it.Node(
                "LayerNormalization", [OperatorCase.Input, Weight(it, random, sizes), .. bias], [("axis", axis), Epsilon(random)]);
        });
        Add("InstanceNormalization", Oldest, (it, random) => Count(it.Image.Skip(1)) < fewest ? null : it.Node(
            "InstanceNormalization", [OperatorCase.Input, Weight(it, random, it.Image[0]), Weight(it, random, it.Image[0])],
            [Epsilon(random)]));
        Add("GroupNormalization", 21, (it, random) =>
        {
            long[] divisors = [.. Enumerable.Range(1, (int)it.Image[0]).Where(groups => it.Image[0] % groups == 0)];
            var groups = divisors[random.Next(divisors.Length)];
            return Count(it.Image) / groups < fewest ? null : it.Node(
                "GroupNormalization", [OperatorCase.Input, Weight(it, random, it.Image[0]), Weight(it, random, it.Image[0])],
                [("num_groups", groups), Epsilon(random)]);
        });
        Add("LRN", Oldest, (it, random) => it.Node("LRN", [OperatorCase.Input],
        [
            ("size", 1 + (2L * random.Next(4))), ("alpha", Between(random, 0.01, 1)), ("beta", Between(random, 0.3, 1)),
            ("bias", Between(random, 0.5, 2)),
        ]));
        Add("LpNormalization", Oldest, (it, random) => it.Node(
            "LpNormalization", [OperatorCase.Input], [("axis", Axis(it, random)), ("p", (long)random.Next(1, 3))]));
        Add("MeanVarianceNormalization", 9, (it, random) =>
            Count(it.Image.Skip(1)) < fewest ? null
                : it.Node("MeanVarianceNormalization", [OperatorCase.Input], [("axes", new[] { 2L, 3 })]));
    }

    private static long Count(IEnumerable<long> sizes) => sizes.Aggregate(1L, (product, size) => product * size);

    /// <summary>An axis that is not that of the images; from set 11 on perhaps counted from the end.</summary>
    private static long Axis(OperatorCase it, Random random)
    {
        var axis = random.Next(1, it.Image.Count + 1);
        return it.Set >= 11 && random.Next(2) == 0 ? axis - it.Image.Count - 1 : axis;
    }

    private static long[] Axes(OperatorCase it, Random random) =>
        [.. Enumerable.Range(0, random.Next(1, it.Image.Count + 1)).Select(_ => Axis(it, random))
            .DistinctBy(axis => axis < 0 ? axis + it.Image.Count + 1 : axis)];
}
