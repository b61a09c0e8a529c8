using MarginNet.Arrays;

namespace MarginNet.Tests.Arrays;

/// <summary>The same labels, as people keep them.</summary>
public sealed class ClassLabelsTests : IDisposable
{
    private static readonly string[] Names = ["cat", "polar bear", "dog"];
    private static readonly int[] Labels = [2, 0, 1, 1, 0];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("2\n0\n1\n1\n0\n")]
    [InlineData("2.0\n0.0\n1.0\n1.0\n0.0\n")]
    [InlineData("label\n2e0\n0\n1\n1\n0\n")]
    [InlineData("\"2,0\"\n\"0,0\"\n\"1,0\"\n\"1,0\"\n\"0,0\"\n")]
    [InlineData("0\n2.0\n0.0\n1.0\n1.0\n0.0\n")] // The name that pandas gives a column without one.
    [InlineData(",0\n0,2\n1,0\n2,1\n3,1\n4,0\n")]
    [InlineData("0,2\n1,0\n2,1\n3,1\n4,0\n")]
    [InlineData("id;label\n9;2\n8;0\n7;1\n6;1\n5;0\n")]
    [InlineData("label,score\n2,0.5\n0,0.25\n1,1\n1,1\n0,1\n")]
    [InlineData("file,y,fold\na.png,2,1\nb.png,0,1\nc.png,1,1\nd.png,1,2\ne.png,0,2\n", true)]
    [InlineData("a.png,2\nb.png,0\nc.png,1\nd.png,1\ne.png,0\n")]
    [InlineData("dog\ncat\npolar bear\npolar bear\ncat\n")]
    [InlineData("animal\r\nDog\r\nCAT\r\nPolar Bear\r\n\"polar bear\"\r\ncat\r\n")]
    [InlineData("0\ndog\ncat\npolar bear\npolar bear\ncat\n")]
    [InlineData(",0\n0,dog\n1,cat\n2,polar bear\n3,polar bear\n4,cat\n")]
    [InlineData("file,class\na,dog\nb,cat\nc,polar bear\nd,polar bear\ne,cat\n")]
    [InlineData("0,0,1\n1,0,0\n0,1,0\n0,1,0\n1,0,0\n")]
    [InlineData("cat,polar bear,dog\n0,0,1\n1,0,0\n0,1,0\n0,1,0\n1,0,0\n")]
    public void Labels_are_the_same_however_they_are_written(string text, bool isAmbiguous = false)
    {
        File.WriteAllText(_folder["y.csv"], text);
        if (isAmbiguous)
        {
            var message = Assert.Throws<InvalidDataException>(() => ArrayFile.ReadLabels(_folder["y.csv"], Names, Labels.Length)).Message;
            Assert.Contains("call it 'label' in a header", message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(Labels, ArrayFile.ReadLabels(_folder["y.csv"], Names, Labels.Length));
    }

    [Theory]
    [InlineData("True\nFalse\nTrue\n")]
    [InlineData("0\nTrue\nFalse\nTrue\n")]
    [InlineData("is_cat\nTRUE\nFALSE\nTRUE\n")]
    [InlineData("true\r\nfalse\r\ntrue")]
    public void True_and_false_are_1_and_0(string text)
    {
        File.WriteAllText(_folder["y.txt"], text);
        Assert.Equal([1, 0, 1], ArrayFile.ReadLabels(_folder["y.txt"], 2));
        File.WriteAllText(_folder["y.txt"], text);
        Assert.Equal([0, 1, 0], ArrayFile.ReadLabels(_folder["y.txt"], ["true", "false"]));
    }

    [Fact]
    public void Classes_called_by_numbers_are_found_by_name_where_their_numbers_do_not_fit()
    {
        File.WriteAllText(_folder["y.txt"], "8\n3\n8\n");
        Assert.Equal([1, 0, 1], ArrayFile.ReadLabels(_folder["y.txt"], ["3", "8"]));
        Assert.Throws<InvalidDataException>(() => ArrayFile.ReadLabels(_folder["y.txt"], ["3", "7"]));
    }

    [Theory]
    [InlineData("1\n2\n3\n", "label 2 is 3. They run from 1 to 3 and none is 0, as if counted from 1: subtract 1 from each.")]
    [InlineData("0\n2\n3\n", "expected labels 0 to 2, but label 2 is 3.")]
    [InlineData("3,0\n1,0\n2,0\n", "with a decimal comma need to be written 3.")]
    [InlineData("cat\ncow\ndog\n", "label 1 is 'cow', but the classes are cat, polar bear, dog.")]
    public void What_is_no_label_is_refused_with_the_cure(string text, string expected)
    {
        File.WriteAllText(_folder["y.csv"], text);
        var message = Assert.Throws<InvalidDataException>(() => ArrayFile.ReadLabels(_folder["y.csv"], Names, 3)).Message;
        Assert.EndsWith(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_classes_without_names_are_refused_with_the_cure()
    {
        File.WriteAllText(_folder["y.csv"], "cat\ndog\n");
        Assert.Contains(
            "label 0 is 'cat', a name, but the classes have none: name them in the order of the scores",
            Assert.Throws<InvalidDataException>(() => ArrayFile.ReadLabels(_folder["y.csv"], ["0", "1", "2"], 2)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_left_out_is_noted()
    {
        var notes = new List<string>();
        File.WriteAllText(_folder["y.csv"], ",file,label\n0,a.png,2\n1,b.png,0\n2,c.png,1\n");
        Assert.Equal([2, 0, 1], ArrayFile.ReadLabels(_folder["y.csv"], Names, note: notes.Add));
        Assert.Equal(2, notes.Count);
        Assert.Contains("numbers the rows", notes[0], StringComparison.Ordinal);
        Assert.Contains("the labels are those of the column 'label'", notes[1], StringComparison.Ordinal);
    }

    [PythonFact]
    public void Labels_of_every_type_of_NumPy_are_read()
    {
        File.WriteAllText(_folder["write.py"], """
            import sys, numpy
            y = numpy.array([2, 0, 1, 1, 0])
            names = numpy.array(['cat', 'polar bear', 'dog'])[y]
            for i, array in enumerate([y.astype(t) for t in '?bBhHiIlLefd'] + [y.astype('>i4'), y.astype('>f8'), names, names.astype('>U12'), names.astype('S'), y[:, None], names[:, None], numpy.eye(3)[y]]):
                numpy.save(f'{sys.argv[1]}/{i}.npy', array)
            numpy.savez(f'{sys.argv[1]}/x.npz', names)
            """);
        _ = PythonFactAttribute.Run(_folder["write.py"], _folder["."]);
        Assert.Equal([1, 0, 1, 1, 0], ArrayFile.ReadLabels(_folder["0.npy"], 2)); // Booleans.
        string[] files = [.. Enumerable.Range(1, 19).Select(i => _folder[$"{i}.npy"]), _folder["x.npz"]];
        Assert.All(files, file => Assert.Equal(Labels, ArrayFile.ReadLabels(file, Names)));
    }
}
