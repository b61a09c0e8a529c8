using MarginNet.Cli;

try
{
    using var interruption = Interruption.Listen(Console.Error);
    var exitCode = await CommandLine.RunAsync(args, Console.Out, Console.Error, interruption);
    CommandLine.LeaveRanks(exitCode);
    return exitCode;
}
catch (TypeInitializationException e) when (e.InnerException is IOException or InvalidDataException or PlatformNotSupportedException
    or DllNotFoundException)
{
    // The library refuses the PyTorch that the environment names, before anything of it runs.
    await Console.Error.WriteLineAsync($"marginnet: {MarginNet.TorchInstallation.Variable}: {e.InnerException.Message}");
    return 2;
}
