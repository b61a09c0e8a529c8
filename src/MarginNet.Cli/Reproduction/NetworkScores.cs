using MarginNet.Cli.Input;
using MarginNet.Data;
using MarginNet.PValues;

namespace MarginNet.Cli.Reproduction;

/// <summary>What one network says of every image, and the null model of its margins on the training images.</summary>
internal sealed record NetworkScores(Samples Train, Samples Test, Samples Attacked, MarginNullModel NullModel)
{
    public static NetworkScores Load(StageStore store, NetworkFiles files, ImageDataset data)
    {
        Samples Read(string name, ImageSet images) =>
            Samples.FromModel(ScoreFile.Read(store.File(name)), images.Labels, data.ClassNames, name);
        return new(
            Read(files.Train, data.Train), Read(files.Test, data.Test), Read(files.Attacked, data.Test),
            MarginNullModel.Load(store.File(files.NullModel)));
    }

    /// <summary>The lead of the true class over its strongest rival, for each sample.</summary>
    public static double[] LabelledMargins(Samples samples)
    {
        var margins = new double[samples.Count];
        for (var i = 0; i < margins.Length; i++)
        {
            // Where the decision is right the rival is the runner-up; else it is the decided class.
            var row = samples.Logits.Row(i);
            margins[i] = samples.IsRight(i) ? samples.Margins[i] : row[samples.Labels[i]] - row[samples.Predicted[i]];
        }

        return margins;
    }
}

/// <summary>The files of one network, by name.</summary>
internal sealed record NetworkFiles(string Key)
{
    public string Model => $"{Key}.pt";

    public string History => $"{Key}.history.jsonl";

    public string NullModel => $"{Key}.null.json";

    public string Train => $"{Key}.train.npy";

    public string Test => $"{Key}.test.npy";

    public string Attacked => $"{Key}.fgsm.npy";

    public string Analysis => $"{Key}.analysis.json";
}
