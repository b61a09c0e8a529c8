using System.Diagnostics;
using System.Globalization;
using MarginNet.Training;
using Spectre.Console;

namespace MarginNet.Cli.Output;

/// <summary>Shows a training run while it goes on: a live bar on a terminal, plain lines elsewhere.</summary>
internal static class TrainingDisplay
{
    /// <summary>Runs <paramref name="train"/> under a display on <paramref name="error"/>.</summary>
    public static TrainingResult Run(TextWriter error, bool quiet, Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        if (quiet)
        {
            return train(new Silent(error));
        }

        if (error != Console.Error || Console.IsErrorRedirected)
        {
            return train(new PlainLines(error));
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => train(new LiveBar(console, context.AddTask("training"))));
    }

    private static string Describe(EpochProgress epoch, double speed)
    {
        var round = epoch.Round == 0 ? "warm-up " : epoch.Round == 1 ? "" : $"round {epoch.Round} ";
        var test = epoch.TestAccuracy is { } accuracy ? Invariant($", test accuracy {accuracy:p1}") : "";
        return Invariant($"{round}epoch {epoch.Epoch}: loss {epoch.Loss:g4}, accuracy {epoch.Accuracy:p1}, margins met {epoch.ConstraintsMet:p1}{test} ({speed:f0} images/s)");
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

    private sealed class PlainLines(TextWriter error) : IProgress<TrainingProgress>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
        private readonly Speedometer _speed = new();
        private readonly Stopwatch _sinceStart = Stopwatch.StartNew();
        private TimeSpan _last;
        private long _stepsBefore;

        public void Report(TrainingProgress value)
        {
            switch (value)
            {
                case StepProgress step:
                    _speed.Step(step);
                    if (_sinceStart.Elapsed - _last > Interval)
                    {
                        Write(Invariant($"step {step.Steps} of {step.TotalSteps}: loss {step.Loss:g4}, accuracy {step.Accuracy:p1}, {_speed.ImagesPerSecond:f0} images/s, {Left(step):h\\:mm\\:ss} left"));
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
                    _stepsBefore = restored.Steps;
                    _sinceStart.Restart();
                    Write(Describe(restored));
                    break;
                case TrainingWarning warning:
                    Write(warning.Message);
                    break;
            }
        }

        private TimeSpan Left(StepProgress step) => _sinceStart.Elapsed * ((double)(step.TotalSteps - step.Steps) / (step.Steps - _stepsBefore));

        private void Write(string line)
        {
            error.WriteLine(line);
            _last = _sinceStart.Elapsed;
        }
    }

    private sealed class LiveBar(IAnsiConsole console, ProgressTask task) : IProgress<TrainingProgress>
    {
        private readonly Speedometer _speed = new();

        public void Report(TrainingProgress value)
        {
            switch (value)
            {
                case StepProgress step:
                    _speed.Step(step);
                    task.MaxValue = step.TotalSteps;
                    task.Value = step.Steps;
                    task.Description = Invariant($"{_speed.ImagesPerSecond:f0} images/s, loss {step.Loss:g4}, accuracy {step.Accuracy:p1}, margins met {step.ConstraintsMet:p1}");
                    break;
                case EpochProgress epoch:
                    _speed.Pause();
                    console.WriteLine(Describe(epoch, _speed.ImagesPerSecond));
                    break;
                case RoundProgress round:
                    console.WriteLine(Describe(round));
                    break;
                case RestoredProgress restored:
                    console.WriteLine(Describe(restored));
                    break;
                case TrainingWarning warning:
                    console.WriteLine(warning.Message);
                    break;
            }
        }
    }
}
