namespace MarginNet.Detection;

/// <summary>The different scores of two samples in increasing order, with how often each sample has them.</summary>
internal sealed class ScoreTable
{
    private readonly int[] _typicalPlaces; // of each typical sample, the place of its score
    private readonly int[] _atypicalPlaces;

    public ScoreTable(ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical)
    {
        double[] scores = [.. typical, .. atypical];
        var samples = new int[scores.Length];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = i;

        Array.Sort(scores, samples);
        var places = new int[samples.Length];
        var distinct = new List<double>();
        for (var i = 0; i < samples.Length; i++)
        {
            if (i == 0 || scores[i] > scores[i - 1])
                distinct.Add(scores[i]);

            places[samples[i]] = distinct.Count - 1;
        }

        Scores = [.. distinct];
        _typicalPlaces = places[..typical.Length];
        _atypicalPlaces = places[typical.Length..];
        Typical = Count(_typicalPlaces);
        Atypical = Count(_atypicalPlaces);
    }

    private ScoreTable(ScoreTable original, Random random)
    {
        Scores = original.Scores;
        _typicalPlaces = Draw(original._typicalPlaces, random);
        _atypicalPlaces = Draw(original._atypicalPlaces, random);
        Typical = Count(_typicalPlaces);
        Atypical = Count(_atypicalPlaces);
    }

    public double[] Scores { get; }

    public int[] Typical { get; }

    public int[] Atypical { get; }

    public int TypicalCount => _typicalPlaces.Length;

    public int AtypicalCount => _atypicalPlaces.Length;

    public static void ThrowIfInvalid(ReadOnlySpan<double> scores, string name)
    {
        if (scores.IsEmpty)
            throw new ArgumentException($"Expected at least one score of {name} samples, but got none.", name);

        for (var i = 0; i < scores.Length; i++)
            if (double.IsNaN(scores[i]))
                throw new ArgumentException($"Expected numbers, but the {name} score at index {i} is NaN.", name);
    }

    /// <summary>Both samples drawn anew, with replacement.</summary>
    public ScoreTable Resample(Random random) => new(this, random);

    public DetectionMetrics Metrics()
    {
        var (typicalBelow, atypicalBelow, twiceOrdered) = (0L, 0L, 0L);
        var fpr = double.NaN;
        for (var i = 0; i < Scores.Length; i++)
        {
            twiceOrdered += Typical[i] * ((2 * atypicalBelow) + Atypical[i]);
            typicalBelow += Typical[i];
            atypicalBelow += Atypical[i];
            if (double.IsNaN(fpr) && (double)atypicalBelow / AtypicalCount >= 0.95)
                fpr = (double)typicalBelow / TypicalCount;
        }

        var auroc = twiceOrdered / (2.0 * TypicalCount * AtypicalCount);
        var (aurc, e) = (Aurc(), (double)AtypicalCount / (TypicalCount + AtypicalCount));
        return new DetectionMetrics(
            auroc,
            Aupr(Typical, Atypical, TypicalCount, fromTop: true),
            Aupr(Atypical, Typical, AtypicalCount, fromTop: false),
            fpr,
            aurc,
            aurc - (e + ((1 - e) * Math.Log(1 - e))),
            (e * (1 - e) * (1 - auroc)) + (e * e / 2));
    }

    /// <summary>The area under the curve of risk by coverage, by trapezoids.</summary>
    public double Aurc()
    {
        var (area, last) = (0.0, (Coverage: 0.0, Risk: 0.0));
        foreach (var point in RiskCoverage())
        {
            area += (point.Coverage - last.Coverage) * (point.Risk + last.Risk) / 2;
            last = point;
        }

        return area;
    }

    /// <summary>The share of samples at or above a threshold and the share of atypical ones among them, as the threshold falls;
    /// first at coverage 0, where the risk is the next one.</summary>
    public IEnumerable<(double Coverage, double Risk)> RiskCoverage()
    {
        var (accepted, wrong) = (0L, 0L);
        for (var i = Scores.Length - 1; i >= 0; i--)
        {
            if (Typical[i] + Atypical[i] == 0)
                continue;

            var isFirst = accepted == 0;
            accepted += Typical[i] + Atypical[i];
            wrong += Atypical[i];
            var risk = (double)wrong / accepted;
            if (isFirst)
                yield return (0, risk);

            yield return ((double)accepted / (TypicalCount + AtypicalCount), risk);
        }
    }

    // Average precision: Σ (Rₖ − Rₖ₋₁) Pₖ over the different scores, which equal scores enter together.
    private static double Aupr(int[] positives, int[] negatives, int positiveCount, bool fromTop)
    {
        var area = 0.0;
        var (hits, flagged) = (0L, 0L);
        for (var i = 0; i < positives.Length; i++)
        {
            var place = fromTop ? positives.Length - 1 - i : i;
            hits += positives[place];
            flagged += positives[place] + negatives[place];
            area += flagged == 0 ? 0 : (double)positives[place] * hits / flagged;
        }

        return area / positiveCount;
    }

    private static int[] Draw(int[] places, Random random)
    {
        var drawn = new int[places.Length];
        for (var i = 0; i < drawn.Length; i++)
            drawn[i] = places[random.Next(places.Length)];

        return drawn;
    }

    private int[] Count(int[] places)
    {
        var counts = new int[Scores.Length];
        foreach (var place in places)
            counts[place]++;

        return counts;
    }
}
