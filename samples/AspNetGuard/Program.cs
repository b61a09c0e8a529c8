// A web service that says of an image what it shows, and whether to trust that, by an ONNX model of any framework and its calibration.
// marginnet is: dotnet run -c Release --project src/MarginNet.Cli --
//      marginnet demo                                       (a minute: trains demo.pt)
//      marginnet export demo.pt --to onnx --out demo.onnx
//      marginnet calibrate --model demo.onnx --data synthetic
//      dotnet run -c Release --project samples/AspNetGuard -- --MarginNet:Model demo.onnx --urls http://localhost:5080
//      curl --data-binary @shape.png http://localhost:5080/classify
//      {"class":"ring","margin":4.239577949047089,"pValue":0.06848804400664435,"flagged":false,"model":"50493b6e5f39.0701cb70d006"}
// /health, /metrics (Prometheus), /openapi/v1.json. A changed demo.onnx is taken up while it runs. Options: docs/howto/serve.md.
using AspNetGuard;
using Microsoft.Extensions.Options;

try
{
    await using var app = GuardService.Create(args);
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is IOException or InvalidDataException or OptionsValidationException)
{
    // Such as that the model is not there, or not calibrated; --MarginNet:Model FILE names another.
    await Console.Error.WriteLineAsync($"AspNetGuard: {e.Message}");
    return 2;
}
