using System.Diagnostics;
using System.Globalization;
using MarginNet.Training;
using Spectre.Console;

namespace MarginNet.Cli.Output;

/// <summary>Shows a training run while it goes on: a live bar on a terminal, plain lines elsewhere.</summary>
internal static class TrainingDisplay
{
    private const int Roomy = 120;

    /// <summary>Runs <paramref name="train"/>, a training by <paramref name="options"/>,
    /// under a display on <paramref name="error"/>.</summary>
    public static TrainingResult Run(
        TextWriter error, bool quiet, TrainingOptions options, Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        if (quiet)
        {
            return train(new Silent(error));
        }

        if (error != Console.Error || Console.IsErrorRedirected)
        {
            return train(new PlainLines(error, options));
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new SpinnerColumn(), new ProgressBarColumn { Width = console.Profile.Width < Roomy ? 12 : 30 }, new PercentageColumn(),
                new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => train(new LiveBar(console, options, context.AddTask("the first step"))));
    }

    /// <summary>Where a step is in the whole run, such as "round 2/3 epoch 4/10".</summary>
    private static string Place(StepProgress step, TrainingOptions options)
    {
        var round = step.Round == 0 ? "warm-up " : options.Rounds > 1 ? $"round {step.Round}/{options.Rounds} " : "";
        return $"{round}epoch {step.Epoch}/{(step.Round == 0 ? options.WarmupEpochs : options.Epochs)}";
    }

    private static string Describe(EpochProgress epoch, double speed)
    {
        var round = epoch.Round == 0 ? "warm-up " : epoch.Round == 1 ? "" : $"round {epoch.Round} ";
        var test = epoch.TestAccuracy is { } accuracy ? Invariant($", test accuracy {accuracy:p1}") : "";
        return Invariant(
            $"{round}epoch {epoch.Epoch}: loss {epoch.Loss:g4}, accuracy {epoch.Accuracy:p1}, margins met {epoch.ConstraintsMet:p1}{test} ({speed:f0} images/s)");
    }

    private static string Describe(RoundProgress round) => Invariant(
        $"round {round.Round}: {round.Constraints.Met} of {round.Constraints.Total} margin constraints met");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Describe(RestoredProgress restored) => Invariant(
        $"going on after step {restored.Steps}, in {(restored.Round == 0 ? "the warm-up" : $"round {restored.Round}")}, epoch {restored.Epoch}");

    /// <summary>Shows what cannot be left unsaid.</summary>
    private sealed class Silent(TextWriter error) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is TrainingWarning warning)
            {
                error.WriteLine(warning.Message);
            }
        }
    }

    /// <summary>Images per second of training alone, the evaluations between the epochs left out.</summary>
    private sealed class Speedometer
    {
        private readonly Stopwatch _watch = new();
        private long _samples;
        private long _before;

        public double ImagesPerSecond => (_samples - _before) / Math.Max(_watch.Elapsed.TotalSeconds, 1e-9);

        public void Step(StepProgress step)
        {
            if (!_watch.IsRunning)
            {
                _watch.Start(); // The first step of an epoch warms up, and is not counted.
                _before += step.Samples - _samples;
            }

            _samples = step.Samples;
        }

        public void Pause() => _watch.Stop();
    }

    /// <summary>The time that the whole run still takes, all its epochs and rounds,
    /// judged by the steps so far and what came between them.</summary>
    private sealed class RunClock
    {
        private readonly Stopwatch _watch = new();
        private long _before;

        /// <summary>Begins anew, as where the run goes on from a kept state.</summary>
        public void Reset() => _watch.Reset();

        public string Left(StepProgress step)
        {
            if (!_watch.IsRunning)
            {
                _watch.Start(); // The first step warms up, and is not counted.
                _before = step.Steps;
            }

            var done = step.Steps - _before;
            return done < 1 ? "" : Invariant($"{_watch.Elapsed * ((double)(step.TotalSteps - step.Steps) / done):h\\:mm\\:ss} left, ");
        }
    }

    private sealed class PlainLines(TextWriter error, TrainingOptions options) : IProgress<TrainingProgress>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
        private readonly Speedometer _speed = new();
        private readonly Stopwatch _sinceStart = Stopwatch.StartNew();
        private readonly RunClock _clock = new();
        private TimeSpan _last;

        public void Report(TrainingProgress value)
        {
            switch (value)
            {
                case StepProgress step:
                    _speed.Step(step);
                    var left = _clock.Left(step);
                    if (_sinceStart.Elapsed - _last > Interval)
                    {
                        Write(
                            Invariant(
                                $"{Place(step, options)}, step {step.Steps} of {step.TotalSteps}: {left}loss {step.Loss:g4}, accuracy {step.Accuracy:p1}, {_speed.ImagesPerSecond:f0} images/s"));
                    }

                    break;
                case EpochProgress epoch:
                    _speed.Pause();
                    Write(Describe(epoch, _speed.ImagesPerSecond));
                    break;
                case RoundProgress round:
                    Write(Describe(round));
                    break;
                case RestoredProgress restored:
                    _clock.Reset();
                    Write(Describe(restored));
                    break;
                case TrainingWarning warning:
                    Write(warning.Message);
                    break;
            }
        }

        private void Write(string line)
        {
            error.WriteLine(line);
            _last = _sinceStart.Elapsed;
        }
    }

    private sealed class LiveBar(IAnsiConsole console, TrainingOptions options, ProgressTask task) : IProgress<TrainingProgress>
    {
        private readonly Speedometer _speed = new();
        private readonly RunClock _clock = new();

        public void Report(TrainingProgress value)
        {
            switch (value)
            {
                case StepProgress step:
                    _speed.Step(step);
                    task.MaxValue = step.TotalSteps;
                    task.Value = step.Steps;
                    var more = console.Profile.Width < Roomy
                        ? ""
                        : Invariant($", margins met {step.ConstraintsMet:p1}, {_speed.ImagesPerSecond:f0} images/s");
                    task.Description = Invariant(
                        $"{_clock.Left(step)}{Place(step, options)}, loss {step.Loss:g3}, accuracy {step.Accuracy:p0}{more}");
                    break;
                case EpochProgress epoch:
                    _speed.Pause();
                    console.WriteLine(Describe(epoch, _speed.ImagesPerSecond));
                    break;
                case RoundProgress round:
                    console.WriteLine(Describe(round));
                    break;
                case RestoredProgress restored:
                    _clock.Reset();
                    console.WriteLine(Describe(restored));
                    break;
                case TrainingWarning warning:
                    console.WriteLine(warning.Message);
                    break;
            }
        }
    }
}
