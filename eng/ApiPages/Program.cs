// Writes the API as HTML, a page for each public type, from an assembly and the XML documentation beside it.
// Run: eng/docs
using System.Runtime.InteropServices;
using ApiPages;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

if (args is not [var assembly, var folder])
{
    Console.Error.WriteLine("Usage: ApiPages ASSEMBLY FOLDER");
    return 2;
}

var documentation = new DocumentationFile(Path.ChangeExtension(assembly, ".xml"));
var reference = MetadataReference.CreateFromFile(assembly, documentation: documentation);
var beside = Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(assembly))!, "*.dll").Concat(Directory.EnumerateFiles(RuntimeEnvironment.GetRuntimeDirectory(), "System*.dll"));
var compilation = CSharpCompilation.Create("docs", references: [reference, .. beside.Where(file => Path.GetFileName(file) != Path.GetFileName(assembly)).Select(file => MetadataReference.CreateFromFile(file))]);
var library = (IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(reference)!;
var site = new Site(library);
Directory.CreateDirectory(folder);
foreach (var (name, html) in site.Pages())
{
    File.WriteAllText(Path.Combine(folder, name), html);
}

Console.WriteLine($"{Path.Combine(folder, "index.html")}: {site.TypeCount} types of {library.Name}");
return 0;
