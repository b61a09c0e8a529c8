using System.Diagnostics;
using System.Globalization;
using BenchmarkDotNet.Running;
using MarginNet.Arrays;
using MarginNet.PValues;

// "mixture FILE" fits one file and prints the least of forty times in seconds (the first ones include compilation),
// the order and the criterion, for bench/mixtures.
if (args is not ["mixture", var path])
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
    return;
}

var values = ArrayFile.Read(path).Values;
var fit = GaussianMixtureFitter.Fit(values.Span);
var least = TimeSpan.MaxValue;
for (var i = 0; i < 40; i++)
{
    var start = Stopwatch.GetTimestamp();
    fit = GaussianMixtureFitter.Fit(values.Span);
    var elapsed = Stopwatch.GetElapsedTime(start);
    least = elapsed < least ? elapsed : least;
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{least.TotalSeconds:F4} {fit.Mixture.Components.Length} {fit.Bic:F3}"));
