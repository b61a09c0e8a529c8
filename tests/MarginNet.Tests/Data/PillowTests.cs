using System.Globalization;
using MarginNet.Data;

namespace MarginNet.Tests.Data;

/// <summary>Pictures that Pillow writes have Pillow's pixels.</summary>
public sealed class PillowTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [PythonFact("PIL.Image, numpy")]
    public void Every_kind_of_picture_has_Pillows_pixels()
    {
        var script = _folder["write.py"];
        File.WriteAllText(script, Script);
        PythonFactAttribute.RunWith("PIL.Image, numpy", script, _folder.Path);
        var lines = File.ReadAllLines(_folder["list.csv"]);
        Assert.InRange(lines.Length, 100, int.MaxValue);
        foreach (var line in lines)
        {
            var fields = line.Split(',');
            var (file, expected, tolerance) = (fields[0], File.ReadAllBytes(fields[1]), Number(fields[5]));
            var options = new ImageOptions
            {
                Height = Number(fields[2]),
                Width = Number(fields[3]),
                Channels = Number(fields[4]),
                ApplyOrientation = true,
            };
            var pixels = ImageFolder.ReadImages([file], options).Pixels(0);
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.True(
                    Math.Abs(pixels[i] - expected[i]) <= tolerance, $"{line}: byte {i} is {pixels[i]}, but Pillow's is {expected[i]}.");
            }
        }
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>
    /// Writes pictures of every kind and Pillow's reading of them. JPEG pixels differ by some levels,
    /// since the inverse transforms round differently, and more in the last columns where colour is stored at half the width,
    /// which Stb interpolates otherwise; all others are the same.
    /// </summary>
    private const string Script = """
        import os, sys
        import numpy as np
        from PIL import Image, ImageOps

        folder = sys.argv[1]
        random = np.random.default_rng(1)

        def photo(height, width, channels):
            y, x = np.mgrid[0:height, 0:width]
            waves = np.stack([127 + 90 * np.sin(x / 9 + i) + 20 * np.cos(y / 7 * (i + 1)) for i in range(channels)], -1)
            return np.clip(waves + random.normal(0, 3, waves.shape), 0, 255).astype('uint8')

        files = []
        def save(image, name, tolerance=0, **options):
            path = os.path.join(folder, name)
            image.save(path, **options)
            files.append((path, tolerance))

        for height, width in ((33, 47), (1, 1), (16, 24)):
            size = f'{height}x{width}'
            rgb = Image.fromarray(photo(height, width, 3))
            rgba = Image.fromarray(photo(height, width, 4), 'RGBA')
            for name, image in (('rgb', rgb), ('rgba', rgba), ('la', rgba.convert('LA')), ('l', rgb.convert('L')), ('p', rgb.quantize(90)), ('p4', rgb.quantize(7)), ('1', rgb.convert('1'))):
                save(image, f'{size}-{name}.png')
            save(rgb.quantize(50), f'{size}-transparent.png', transparency=3)
            for name, image in (('rgb', rgb), ('l', rgb.convert('L')), ('p', rgb.quantize(90)), ('1', rgb.convert('1'))):
                save(image, f'{size}-{name}.bmp')
            save(rgb, f'{size}-lossy.webp', quality=70)
            save(rgb, f'{size}-lossless.webp', lossless=True)
            save(rgba, f'{size}-rgba.webp', quality=70)
            for progressive in (False, True):
                for subsampling in (0, 1, 2):
                    save(rgb, f'{size}-{progressive}-{subsampling}.jpg', 24 if subsampling == 1 else 6, quality=85, subsampling=subsampling, progressive=progressive)
                save(rgb.convert('L'), f'{size}-{progressive}-l.jpg', 3, progressive=progressive)
                save(Image.fromarray(photo(height, width, 4), 'CMYK'), f'{size}-{progressive}-cmyk.jpg', 3, progressive=progressive)
            exif = Image.Exif()
            for orientation in range(1, 9):
                exif[0x112] = orientation
                save(rgb, f'{size}-o{orientation}.png', exif=exif.tobytes())
                save(rgb, f'{size}-o{orientation}.jpg', 6, exif=exif.tobytes(), subsampling=0)

        with open(os.path.join(folder, 'list.csv'), 'w') as table:
            for path, tolerance in files:
                image = ImageOps.exif_transpose(Image.open(path))
                for channels, mode in ((1, 'L'), (3, 'RGB'), (4, 'RGBA')):
                    if mode == 'L' and image.mode == 'CMYK':
                        continue  # Pillow's own way to grey skips RGB.
                    read = image.convert('RGB').convert('L') if mode == 'L' and image.mode not in ('L', 'LA', '1') else image.convert(mode)
                    pixels = np.asarray(read).reshape(read.height, read.width, channels).transpose(2, 0, 1)
                    expected = f'{path}.{channels}.raw'
                    np.ascontiguousarray(pixels).tofile(expected)
                    table.write(f'{path},{expected},{read.height},{read.width},{channels},{tolerance}\n')
        """;
}
