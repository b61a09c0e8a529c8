using System.CommandLine;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Cli.Options;

/// <summary>Where to compute: <c>--device</c> and <c>--threads</c>.</summary>
internal sealed class DeviceOptions
{
    private readonly Option<string> _device = new("--device")
    {
        Description = "auto (a GPU where there is one), cpu, cuda or cuda:N.",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<int?> _threads = Number.Optional<int>(
        "--threads",
        "Threads on the CPU; by default one for each core, which ranks of mpirun share. Results depend on it in the last digits.",
        value => value is >= 1 and <= 1024,
        "a whole number, 1 to 1024");

    private readonly Option<bool> _tf32 = new("--tf32")
    {
        Description = "On a CUDA GPU, let products round their factors to 10 bits (TensorFloat-32): faster, and less exact.",
    };

    private readonly Option<string?> _cudnn = new Option<string?>("--cudnn")
    {
        Description = "On a CUDA GPU, cuDNN's algorithms: heuristic (by its rules, the default), benchmark (it tries them for each new "
            + "size, which pays in long runs), or deterministic (only repeatable ones).",
    }.AcceptOnlyFromAmong("heuristic", "benchmark", "deterministic");

    public Option[] All => [_device, _threads, _tf32, _cudnn];

    public void AddTo(Command command) => Array.ForEach(All, command.Add);

    /// <summary>Sets the number of threads and chooses the device.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="usualThreads">The threads where none are asked for; null, the default, for LibTorch's own choice.</param>
    public Device Select(ParseResult parsed, int? usualThreads = null)
    {
        TorchNative.Load();
        if ((parsed.GetValue(_threads) ?? usualThreads) is { } threads)
        {
            set_num_threads(threads);
        }

        var name = parsed.GetValue(_device)!;
        if (name == "cpu" || (name == "auto" && !HasCuda()))
        {
            return Array.Find<Option>([_tf32, _cudnn], parsed.IsGiven) is { } idle
                ? throw new UserErrorException($"{idle.Name} has no effect on the CPU, where this would run: leave it out.")
                : CPU;
        }

        var index = name is "auto" or "cuda" ? 0 : ParseIndex(name);
        if (!HasCuda())
        {
            throw new UserErrorException(
                $"--device is '{name}', but this build or machine has no CUDA: use --device cpu, "
                + "or on a machine with an NVIDIA GPU an installed PyTorch, by --torch.");
        }

        if (index >= cuda.device_count())
        {
            throw new UserErrorException(
                $"--device is '{name}', but there are {cuda.device_count()} GPUs: use cuda:0 to cuda:{cuda.device_count() - 1}.");
        }

        CudaSettings.AllowTensorFloat32(parsed.GetValue(_tf32));
        if (parsed.GetValue(_cudnn) is { } algorithms)
        {
            Use(Enum.Parse<CudnnAlgorithms>(algorithms, ignoreCase: true));
        }

        return device(DeviceType.CUDA, index);
    }

    /// <summary>Sets the number of threads, on which the last digits depend.</summary>
    public void Resolve(Action<string, object> set) => set(_threads.Name, (long)get_num_threads());

    private static void Use(CudnnAlgorithms algorithms)
    {
        try
        {
            CudaSettings.Use(algorithms);
        }
        catch (NotSupportedException e)
        {
            throw new UserErrorException(e.Message);
        }
    }

    private static bool HasCuda() => TryInitializeDeviceType(DeviceType.CUDA) && cuda.is_available();

    private static int ParseIndex(string name) =>
        name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? index
            : throw new UserErrorException($"--device is '{name}': expected auto, cpu, cuda or cuda:N.");
}
