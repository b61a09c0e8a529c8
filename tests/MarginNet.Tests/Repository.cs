namespace MarginNet.Tests;

/// <summary>The working copy that the tests were built in.</summary>
internal static class Repository
{
    public static string File(string path) => Path.Combine(Root, path);

    private static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!System.IO.File.Exists(Path.Combine(folder.FullName, "MarginNet.sln")))
            {
                folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside of the repository.");
            }

            return folder.FullName;
        }
    }
}
