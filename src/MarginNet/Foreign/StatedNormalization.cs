using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>Constants beside a network that look like those by which its images are normalised.</summary>
internal static class StatedNormalization
{
    private const int MostChannels = 4; // More numbers are likely to be something else.

    private static readonly (string Mean, string Deviation)[] Names = [("mu", "sigma"), ("mean", "std")];

    /// <summary>What they are, and the option that applies them; null where there are none.</summary>
    public static string? Find(IReadOnlyDictionary<string, StoredTensor> tensors, int channels)
    {
        foreach (var (mean, deviation) in Names)
        {
            var (first, second) = (Named(tensors, mean, channels), Named(tensors, deviation, channels));
            if (first.Name is not null && second.Name is not null)
            {
                return $"'{FileText.Show(first.Name)}' and '{FileText.Show(second.Name)}', by which its images may have been " +
                    $"normalized: if so, give --normalize {List(first.Tensor)}/{List(second.Tensor)} (LoadOptions.Normalization)";
            }
        }

        return null;
    }

    private static (string Name, StoredTensor Tensor) Named(IReadOnlyDictionary<string, StoredTensor> tensors, string name, int channels) =>
        tensors.Where(entry => entry.Value.Count == channels && channels <= MostChannels && entry.Key.Split('.', '_')[^1] == name)
            .Select(entry => (entry.Key, entry.Value)).FirstOrDefault();

    private static string List(StoredTensor tensor) =>
        string.Join(',', tensor.ToDoubles().Select(value => value.ToString("g4", CultureInfo.InvariantCulture)));
}
