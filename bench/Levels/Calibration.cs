using MarginNet.PValues;

namespace MarginNet.Levels;

/// <summary>A null model of ten classes, and what else the p-values compared need.</summary>
internal sealed class Calibration
{
    public const int Classes = 10;
    private const int Folds = 5;

    private readonly Lazy<double[]> _heldOut;

    /// <summary>Calibrates on <paramref name="count"/> right decisions of each class, of margins that are larger from class to class,
    /// and on wrong ones that get more.</summary>
    public Calibration(Shape shape, int count, Random random)
    {
        var (margins, predicted, labels) = (new List<double>(), new List<int>(), new List<int>());
        for (var c = 0; c < Classes; c++)
        {
            for (var i = 0; i < count; i++)
                Add(shape.Draw(random) * Scale(c), c, c);

            for (var i = 0; i < count * (c + 1) / 50; i++)
                Add(0.5 * shape.Draw(random), c, (c + 1) % Classes);
        }

        Model = MarginNullModel.Fit([.. margins], [.. predicted], [.. labels], Classes, new() { FitTestDraws = 0 });
        _heldOut = new(() => [.. Enumerable.Range(0, Classes).SelectMany(HeldOut).Order()]);

        void Add(double margin, int decision, int label)
        {
            margins.Add(margin);
            predicted.Add(decision);
            labels.Add(label);
        }
    }

    public MarginNullModel Model { get; }

    /// <summary>The factor of a class's margins.</summary>
    public static double Scale(int c) => Math.Exp(0.2 * c);

    /// <summary>The mixture's tail, ranked among those of all calibration samples by mixtures that did not see them.</summary>
    public double CrossConformal(double margin, int c)
    {
        var held = _heldOut.Value;
        var (low, high, p) = (0, held.Length, Model.Score(margin, c).Mixture);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = held[middle] <= p ? (middle + 1, high) : (low, middle);
        }

        return (1.0 + low) / (1.0 + held.Length);
    }

    private IEnumerable<double> HeldOut(int c)
    {
        var own = Model.Classes[c].Margins.ToArray();
        return Enumerable.Range(0, Folds).SelectMany(fold =>
        {
            double[] logs = [.. own.Where((margin, i) => i % Folds != fold && margin > 0).Select(margin => Math.Log(margin))];
            var mixture = GaussianMixtureFitter.Fit(logs).Mixture;
            return own.Where((_, i) => i % Folds == fold).Select(margin => mixture.LowerTail(Math.Log(margin)));
        });
    }
}
