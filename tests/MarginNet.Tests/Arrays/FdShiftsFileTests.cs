using System.Globalization;
using System.IO.Compression;
using MarginNet.Arrays;

namespace MarginNet.Tests.Arrays;

public sealed class FdShiftsFileTests : IDisposable
{
    // Written as fd-shifts writes it: torch.cat([logits, labels, dataset_idx], dim=1) of PyTorch 1.13, numpy.savez_compressed of NumPy 1.24.
    private const string Half = "UEsDBBQAAAAIAAAAIQCsAntybAAAAKgAAAAJABQAYXJyXzAubnB5AQAQAKgAAAAAAAAAbAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2akrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOgqmmjoKtQpkAy4Gx9CtaXoMIODe4MSwgcGBwUZShMEl1JLBhoFhlmWaEcNRhWAGJwBQSwECFAMUAAAACAAAACEArAJ7cmwAAACoAAAACQAAAAAAAAAAAAAAgAEAAAAAYXJyXzAubnB5UEsFBgAAAAABAAEANwAAAKcAAAAAAA==";
    private const string Single = "UEsDBBQAAAAIAAAAIQCwG5CbhAAAANAAAAAJABQAYXJyXzAubnB5AQAQANAAAAAAAAAAhAAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOgqmmjoKtQpkAy4GBgWH1atW7Tt75owtAxw8cGBgCABihn1ADKQb7POFmq2ANFCtlj2ID1JlbGxsf/aMjx0Dw4IDDAwpTkClDgBQSwECFAMUAAAACAAAACEAsBuQm4QAAADQAAAACQAAAAAAAAAAAAAAgAEAAAAAYXJyXzAubnB5UEsFBgAAAAABAAEANwAAAL8AAAAAAA==";
    private const string Double = "UEsDBBQAAAAIAAAAIQDBHTW7jQAAACABAAAJABQAYXJyXzAubnB5AQAQACABAAAAAAAAjQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2ahrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RomOgqmmjoKtQpkAy4GMGBxCAWDq/tnzQSBnfYMWIGMA4TmgtIH9kMloPwP9n9WfrzkmxQA1S8ANfepPUweZlIaGDyzh9h3EioucgBMNfhAzeNwAABQSwECFAMUAAAACAAAACEAwR01u40AAAAgAQAACQAAAAAAAAAAAAAAgAEAAAAAYXJyXzAubnB5UEsFBgAAAAABAAEANwAAAMgAAAAAAA==";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory] // The values are NumPy's own reading of the files.
    [InlineData(Half, -0.333251953125, 0.0999755859375, 0.0010004043579101562, 0.66650390625)]
    [InlineData(Single, -0.3333333432674408, 0.10000000149011612, 0.0010000000474974513, 0.6666666865348816)]
    [InlineData(Double, -0.3333333333333333, 0.1, 0.001, 0.6666666666666666)]
    public void A_file_of_fd_shifts_is_read_as_numpy_reads_it(string file, double third, double tenth, double small, double large)
    {
        _folder.Write(Convert.FromBase64String(file), FdShiftsFile.Name);
        var (logits, labels) = FdShiftsFile.Read(_folder[FdShiftsFile.Name]);
        Assert.Equal([2.5, third, tenth, small, 4, large], logits.Values.ToArray());
        Assert.Equal((2, 3, false), (logits.Rows, logits.Columns, logits.IsVector));
        Assert.Equal([0, 1], labels);
        Assert.Empty(logits.Notes);
        (logits, labels) = FdShiftsFile.Read(_folder[FdShiftsFile.Name] + "@1");
        Assert.Equal([7, 3.25, -0.125], logits.Values.ToArray());
        Assert.Equal([2], labels);
    }

    [Fact]
    public void Samples_of_a_data_set_with_a_label_of_no_class_have_none()
    {
        _folder.Write(Convert.FromBase64String(Double), FdShiftsFile.Name);
        var (logits, labels) = FdShiftsFile.Read(_folder[FdShiftsFile.Name] + "@3");
        Assert.Equal([0.7, 0.2, -5], logits.Values.ToArray());
        Assert.Equal([FdShiftsFile.Unknown], labels);
        Assert.Contains("row 0 has 57", Assert.Single(logits.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_written_is_read_to_the_bit(bool isSingle)
    {
        var random = new Random(1);
        var (first, second) = (Draw(random, 7, isSingle), Draw(random, 3, isSingle));
        FdShiftsFile.Write(_folder["x.npz"], (first, [0, 1, 3, 2, 1, 0, 3]), (second, [2, FdShiftsFile.Unknown, 1]));
        var (logits, labels) = FdShiftsFile.Read(_folder["x.npz"] + "@0");
        Assert.Equal(first.Values.ToArray(), logits.Values.ToArray());
        Assert.Equal([0, 1, 3, 2, 1, 0, 3], labels);
        (logits, labels) = FdShiftsFile.Read(_folder["x.npz"] + "@1");
        Assert.Equal(second.Values.ToArray(), logits.Values.ToArray());
        Assert.All(labels, label => Assert.Equal(FdShiftsFile.Unknown, label)); // One of them has none.
    }

    [Fact]
    public void The_same_data_sets_make_the_same_bytes()
    {
        var logits = Draw(new Random(2), 5, isSingle: false);
        FdShiftsFile.Write(_folder["a.npz"], (logits, [0, 1, 2, 3, 0]));
        FdShiftsFile.Write(_folder["b.npz"], (logits, [0, 1, 2, 3, 0]));
        Assert.Equal(File.ReadAllBytes(_folder["a.npz"]), File.ReadAllBytes(_folder["b.npz"]));
        using var archive = ZipFile.OpenRead(_folder["a.npz"]);
        Assert.Equal(1980, Assert.Single(archive.Entries).LastWriteTime.Year);
    }

    [PythonFact("numpy")]
    public void What_is_written_is_what_fd_shifts_takes_apart()
    {
        var (first, second) = (Draw(new Random(3), 4, isSingle: false), Draw(new Random(4), 2, isSingle: true));
        FdShiftsFile.Write(_folder[FdShiftsFile.Name], (first, [0, 1, 2, 3]), (second, [-1, -1]));
        File.WriteAllText(_folder["read.py"], """
            import sys, numpy
            with numpy.load(sys.argv[1]) as npz:
                raw = npz.f.arr_0.astype(numpy.float64)
            print(raw.shape, raw[:, -2].tolist(), raw[:, -1].tolist())
            print(" ".join(value.hex() for value in raw[:, :-2].ravel()))
            """);
        string[] lines = PythonFactAttribute.RunWith("numpy", _folder["read.py"], _folder[FdShiftsFile.Name]).Split('\n');
        Assert.Equal("(6, 6) [0.0, 1.0, 2.0, 3.0, -1.0, -1.0] [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]", lines[0]);
        Assert.Equal([.. first.Values.ToArray(), .. second.Values.ToArray()], lines[1].Split(' ').Select(FromHex));
    }

    [Fact]
    public void What_is_no_file_of_fd_shifts_is_one_line_with_the_cure()
    {
        var logits = Draw(new Random(5), 3, isSingle: false);
        FdShiftsFile.Write(_folder["x.npz"], (logits, [0, 1, 2]), (logits, [0, 1, 2]));
        Assert.EndsWith("x.npz has no data set 2, only 0, 1: choose one, as in " + _folder["x.npz"] + "@0.", Refused("x.npz@2"), StringComparison.Ordinal);
        Assert.Contains("There is no file", Assert.Throws<FileNotFoundException>(() => FdShiftsFile.Read(_folder["no.npz@0"])).Message, StringComparison.Ordinal);
        _folder.Write(Convert.FromBase64String(
            "UEsDBBQAAAAIAAAAIQBsSSSuXAAAAJgAAAAKABQAbG9naXRzLm5weQEAEACYAAAAAAAAAFwAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBoYD9gxAgoEhwIGBocGB6/piayD3AABQSwECFAMUAAAACAAAACEAbEkkrlwAAACYAAAACgAAAAAAAAAAAAAAgAEAAAAAbG9naXRzLm5weVBLBQYAAAAAAQABADgAAACYAAAAAAA="),
            "narrow.npz");
        Assert.Contains("found shape [2, 3]", Refused("narrow.npz@0"), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => FdShiftsFile.Write(_folder["y.npz"], (logits, [0, 1])));
        Assert.Throws<ArgumentException>(() => FdShiftsFile.Write(_folder["y.npz"]));
        Assert.False(File.Exists(_folder["y.npz"]));
    }

    [Theory]
    [InlineData("raw_logits.npz", true)]
    [InlineData("runs/3/raw_logits.npz", true)]
    [InlineData("mine.npz@0", true)]
    [InlineData("raw_logits.npz:arr_0", false)]
    [InlineData("mine.npz", false)]
    [InlineData("mine.npz@", false)]
    [InlineData("mine.csv@0", false)]
    public void Its_name_or_an_index_says_that_a_file_is_one(string path, bool isOne) => Assert.Equal(isOne, FdShiftsFile.IsOne(path));

    private string Refused(string name) => Assert.Throws<InvalidDataException>(() => FdShiftsFile.Read(_folder[name])).Message;

    private static NumericArray Draw(Random random, int rows, bool isSingle) => new(
        Enumerable.Range(0, rows * 4).Select(_ => 20 * (random.NextDouble() - 0.5))
            .Select(value => isSingle ? (float)value : value).ToArray(),
        rows, 4, IsVector: false);

    /// <summary>A number as Python's float.hex writes it: -0x1.8p+1.</summary>
    private static double FromHex(string text)
    {
        var (sign, digits) = text[0] == '-' ? (-1, text[3..]) : (1, text[2..]);
        var parts = digits.Split('p');
        var mantissa = long.Parse(parts[0].Replace(".", "", StringComparison.Ordinal), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        var places = 4 * (parts[0].Length - 2);
        return sign * Math.ScaleB(mantissa, int.Parse(parts[1], CultureInfo.InvariantCulture) - places);
    }
}
