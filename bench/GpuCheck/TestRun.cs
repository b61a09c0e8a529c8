using System.Reflection;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace MarginNet.GpuCheck;

/// <summary>Runs tests of MarginNet.Tests in this process, with neither an SDK nor a test host.</summary>
internal sealed class TestRun : LongLivedMarshalByRefObject, IMessageSink, IDisposable
{
    private readonly ManualResetEventSlim _end = new();
    private readonly List<ITestCase> _cases = [];
    private bool _isFailed;

    /// <summary>Runs the tests that are marked by attributes of some names, prints each, and says whether none failed.</summary>
    public static bool Run(string assembly, IReadOnlyCollection<string> attributes)
    {
        using var framework = new XunitTestFramework(new NullMessageSink());
        using var run = new TestRun();
        var loaded = Assembly.Load(new AssemblyName(assembly));
        using var discoverer = framework.GetDiscoverer(Reflector.Wrap(loaded));
        discoverer.Find(includeSourceInformation: false, run, new Options());
        run._end.Wait();
        run._end.Reset();
        using var executor = framework.GetExecutor(loaded.GetName());
        executor.RunTests(run._cases.Where(test => attributes.Any(name => IsMarked(test, name))), run, new Options());
        run._end.Wait();
        return !run._isFailed;
    }

    public void Dispose() => _end.Dispose();

    public bool OnMessage(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestCaseDiscoveryMessage found:
                _cases.Add(found.TestCase);
                break;
            case ITestPassed passed:
                new Finding(passed.Test.DisplayName, "ok") { Found = (double)passed.ExecutionTime, Note = "seconds" }.Print();
                break;
            case ITestFailed failed:
                _isFailed = true;
                Console.Error.WriteLine(string.Join('\n', failed.Messages.Concat(failed.StackTraces)));
                new Finding(failed.Test.DisplayName, "failed") { Note = failed.Messages[0].Split('\n')[0] }.Print();
                break;
            case ITestSkipped skipped:
                new Finding(skipped.Test.DisplayName, "note") { Note = $"skipped: {skipped.Reason}" }.Print();
                break;
            case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                _end.Set();
                break;
        }

        return true;
    }

    private static bool IsMarked(ITestCase test, string name) => test.TestMethod.Method is IReflectionMethodInfo { MethodInfo: var method }
        && method.CustomAttributes.Any(attribute => attribute.AttributeType.Name == name);

    /// <summary>The framework's defaults.</summary>
    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> _values = [];

        public TValue GetValue<TValue>(string name) => _values.TryGetValue(name, out var value) ? (TValue)value! : default!;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
