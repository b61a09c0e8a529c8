using System.Diagnostics;
using System.Security.Cryptography;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>
/// Hours of training, resumes, scoring and p-values in one process. Each cycle ends in the same bytes, and what the process
/// takes of the machine does not grow.
/// </summary>
internal sealed class Soak
{
    private const double MaxGrowth = 0.05;
    private const int ScoringThreads = 4;

    private readonly ImageDataset _data = SyntheticShapes.Create(600, 300);
    private readonly string _folder;
    private readonly Random _random = new(1);
    private readonly List<Usage> _usages = [];
    private readonly double _leftByANetwork = LeftByADisposedNetwork();
    private int _networks;
    private byte[]? _digest;
    private int _resumes;
    private int _damaged;
    private long _scored;

    public Soak(string folder) => _folder = Directory.CreateDirectory(folder).FullName;

    private string ModelFile => Path.Combine(_folder, "soak.pt");

    /// <summary>Runs cycles for a time, a line of figures each, and a summary at the end.</summary>
    /// <returns>Whether every cycle ended in the same bytes and nothing grew.</returns>
    public bool Run(TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        Console.WriteLine("seconds,cycle,resident_mib,managed_mib,native_mib,threads,handles,networks,resumes,images_scored");
        while (watch.Elapsed < time)
        {
            if (!Cycle())
            {
                Console.Error.WriteLine($"Cycle {_usages.Count} ended in other bytes than the first.");
                return false;
            }

            var usage = Usage.Now() with { Networks = _networks };
            _usages.Add(usage);
            Console.WriteLine(
                FormattableString.Invariant(
                    $"{watch.Elapsed.TotalSeconds:f0},{_usages.Count},{usage.Resident:f1},{usage.Managed:f1},{usage.Native:f2},{usage.Threads},{usage.Handles},{usage.Networks},{_resumes},{_scored}"));
        }

        return Summarize(watch.Elapsed);
    }

    /// <summary>Trains, being interrupted at random and resumed, sometimes from a damaged state; then scores from several threads,
    /// calibrates, saves and loads.</summary>
    private bool Cycle()
    {
        var options = new TrainingOptions
        {
            Loss = MarginLoss.DualHinge,
            TargetMargin = 3,
            Rounds = 2,
            Epochs = 2,
            BatchSize = 50,
            LearningRate = 1e-2,
            Augment = true,
        };
        var checkpoints = new TrainingCheckpoints(Path.Combine(_folder, "soak.resume.pt")) { Every = TimeSpan.FromSeconds(0.2) };
        TrainingResult? result = null;
        for (var attempt = 0; result is null; attempt++)
        {
            manual_seed(3);
            _networks++;
            using var network = new ResNet18(new() { Width = 4 });
            using var cancellation = new CancellationTokenSource();
            var stop = attempt < 2 ? _random.Next(1, 25) : int.MaxValue;
            try
            {
                result = MarginTrainer.Train(
                    network, _data.Train, options with { Checkpoints = checkpoints with { Resume = attempt > 0 } }, _data.Test,
                    new StopAfter(stop, cancellation), cancellation.Token);
                Keep(network, result);
            }
            catch (OperationCanceledException)
            {
                _resumes++;
                Damage(checkpoints);
            }
        }

        checkpoints.Delete();
        return Score();
    }

    private void Keep(ResNet18 network, TrainingResult result)
    {
        var (classes, margins) = result.TrainingScores.Decisions();
        using var model = new MarginModel(network, _data.ClassNames, (_data.Train.Height, _data.Train.Width))
        {
            NullModel = MarginNullModel.Fit(margins, classes, _data.Train.Labels, _data.ClassNames.Length),
        };
        model.Save(ModelFile);
    }

    /// <summary>Cuts the last state short now and then; the one before it takes its place.</summary>
    private void Damage(TrainingCheckpoints checkpoints)
    {
        if (_random.Next(4) == 0 && File.Exists(checkpoints.PreviousPath))
        {
            using var file = File.OpenWrite(checkpoints.Path);
            file.SetLength(file.Length / 2);
            _damaged++;
        }
    }

    private bool Score()
    {
        _networks++;
        using var model = MarginModel.Load(ModelFile);
        var scored = new double[ScoringThreads][];
        Parallel.For(0, ScoringThreads, i =>
        {
            var matrix = model.Network.Score(_data.Test);
            var (classes, margins) = matrix.Decisions();
            model.NullModel!.Score(margins, classes, new MarginPValue[margins.Length]);
            scored[i] = margins;
        });
        _scored += (long)ScoringThreads * _data.Test.Count;
        var digest = SHA256.HashData(File.ReadAllBytes(ModelFile));
        _digest ??= digest;
        return digest.AsSpan().SequenceEqual(_digest) && Array.TrueForAll(scored, margins => margins.AsSpan().SequenceEqual(scored[0]));
    }

    /// <summary>
    /// The native memory, in MiB, that TorchSharp does not free of a network that was disposed:
    /// the module behind each convolution and linear layer, some 0.7 KB. The median of many,
    /// since what the runtime allocates for itself comes and goes.
    /// </summary>
    private static double LeftByADisposedNetwork()
    {
        const int Repeats = 50;
        const int Batches = 9;
        var readings = new double[Batches + 1];
        for (var i = 0; i < readings.Length; i++)
        {
            readings[i] = Usage.Now().Native;
            for (var j = 0; j < Repeats; j++)
            {
                new ResNet18(new() { Width = 4 }).Dispose();
            }
        }

        return readings.Zip(readings[1..], (before, after) => (after - before) / Repeats).Order().ElementAt(Batches / 2);
    }

    /// <summary>Compares the last quarter with the second: in the first, caches fill.</summary>
    private bool Summarize(TimeSpan time)
    {
        using var process = Process.GetCurrentProcess();
        var quarter = Math.Max(1, _usages.Count / 4);
        var (before, after) = (_usages.Skip(_usages.Count > 1 ? quarter : 0).Take(quarter).ToArray(), _usages.TakeLast(quarter).ToArray());
        double Growth(Func<Usage, double> figure) => (after.Average(figure) / before.Average(figure)) - 1;
        double Resident(Usage usage) => usage.Resident - (usage.Networks * _leftByANetwork);
        double Native(Usage usage) => usage.Native - (usage.Networks * _leftByANetwork);
        var isFlat = Growth(Resident) < MaxGrowth && Growth(Native) < MaxGrowth && Growth(usage => usage.Managed) < MaxGrowth
            && Growth(usage => usage.Handles) < MaxGrowth && Growth(usage => usage.Threads) < MaxGrowth * 4;
        Console.Error.WriteLine(FormattableString.Invariant(
            $"{_usages.Count} cycles in {time.TotalMinutes:f1} minutes: {_resumes} resumes, {_damaged} of them from a damaged state, {_scored} images scored, every cycle with the same bytes. Beside {1024 * _leftByANetwork:f1} KiB that TorchSharp keeps of each of {_networks} networks that were made, from the second quarter to the last: resident {before.Average(Resident):f1} to {after.Average(Resident):f1} MiB ({Growth(Resident):p1}), threads {before.Average(u => u.Threads):f1} to {after.Average(u => u.Threads):f1}, handles {before.Average(u => u.Handles):f1} to {after.Average(u => u.Handles):f1}, managed memory {before.Average(u => u.Managed):f2} to {after.Average(u => u.Managed):f2} MiB, native memory in use {before.Average(Native):f2} to {after.Average(Native):f2} MiB. At its peak {process.PeakWorkingSet64 >> 20} MiB were resident. {(isFlat ? "Flat." : "It grows.")}"));
        return isFlat;
    }

    /// <summary>What the process has of the machine after a full garbage collection and without what the native allocator keeps for later:
    /// its resident memory, what of it the managed heap and the native allocator have given out, all in MiB, threads, open files;
    /// and how many networks it had made by then.</summary>
    private sealed record Usage(double Resident, double Managed, double Native, int Threads, int Handles, int Networks = 0)
    {
        public static Usage Now()
        {
            const double Mebibyte = 1 << 20;
            GC.Collect();
            GC.WaitForPendingFinalizers();
            NativeHeap.Trim();
            using var process = Process.GetCurrentProcess();
            return new(
                process.WorkingSet64 / Mebibyte,
                GC.GetTotalMemory(forceFullCollection: true) / Mebibyte,
                NativeHeap.InUse() / Mebibyte,
                process.Threads.Count,
                Directory.GetFileSystemEntries("/proc/self/fd").Length);
        }
    }

    private sealed class StopAfter(int steps, CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        private int _left = steps;

        public void Report(TrainingProgress value)
        {
            if (value is StepProgress && --_left == 0)
            {
                cancellation.Cancel();
            }
        }
    }
}
