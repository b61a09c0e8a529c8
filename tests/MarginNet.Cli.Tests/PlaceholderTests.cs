namespace MarginNet.Cli.Tests;
