using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class ImageViewsTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(0, 20).Test;

    [Fact]
    public void Views_of_one_pixel_are_its_neighbours_and_those_of_its_mirror_image()
    {
        using var scope = NewDisposeScope();
        var images = rand(3, 2, 6, 8);
        Tensor Pair(long by) => (images[.., .., 1 + by, 1 + by] + images[.., .., 1 + by, 6 + by]) / 2; // The mirror image of column 1 is 6.
        Tensor Network(Tensor view) => view[.., .., 1, 1];
        Assert.True(TestTimeAveraging.None.Average(Network, images).allclose(images[.., .., 1, 1]));
        Assert.True(TestTimeAveraging.Flip.Average(Network, images).allclose(Pair(0)));
        Assert.True(TestTimeAveraging.FlipShift.Average(Network, images).allclose((Pair(0) / 2) + ((Pair(-1) + Pair(1)) / 4)));
    }

    [Fact]
    public void At_the_edge_moved_images_are_mirrored()
    {
        using var scope = NewDisposeScope();
        var images = rand(2, 1, 5, 5);
        var corner = TestTimeAveraging.FlipShift.Average(view => view[.., .., 0, 0], images);
        Tensor Pair(long y, long x) => (images[.., .., y, x] + images[.., .., y, 4 - x]) / 2;
        Assert.True(corner.allclose((Pair(0, 0) / 2) + (Pair(1, 1) / 2))); // From outside comes the pixel inside.
    }

    [Fact]
    public void Scores_do_not_tell_an_image_from_its_mirror_image()
    {
        manual_seed(5);
        using var network = new ResNet18(new() { Width = 4 });
        var plain = network.Score(Images);
        network.Averaging = TestTimeAveraging.Flip;
        var scores = network.Score(Images);
        var mirrored = network.Score(Images, (pixels, _) => pixels.flip(-1));
        var differences = new List<float>();
        for (var i = 0; i < Images.Count; i++)
        {
            for (var c = 0; c < 10; c++)
            {
                Assert.Equal(scores[i][c], mirrored[i][c], 1e-4f);
                differences.Add(Math.Abs(scores[i][c] - plain[i][c]));
            }
        }

        Assert.True(differences.Max() > 1e-3f, "Nothing was averaged.");
    }
}
