// A web service that says of an image what it shows, and whether to trust that.
// Run: dotnet run -c Release --project src/MarginNet.Cli -- demo      (writes demo.pt, a calibrated model)
//      dotnet run -c Release --project samples/AspNetGuard -- --model demo.pt --urls http://localhost:5080
//      curl --data-binary @shape.png http://localhost:5080/classify
//      {"class":"ring","margin":18.06,"pValue":0.53,"flagged":false}
using AspNetGuard;

try
{
    await using var app = GuardService.Create(args);
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException)
{
    // Such as that the model is not there, or not calibrated; --model FILE names another.
    await Console.Error.WriteLineAsync($"AspNetGuard: {e.Message}");
    return 2;
}
