using MarginNet.Cli;

using var interruption = Interruption.Listen(Console.Error);
return await CommandLine.RunAsync(args, Console.Out, Console.Error, interruption);
