namespace MarginNet.Serving;

/// <summary>An image that waits for its verdict; whoever awaits it goes on by itself, not in the batch's thread.</summary>
internal sealed class PendingImage(ReadOnlyMemory<float> image)
    : TaskCompletionSource<Verdict>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public ReadOnlyMemory<float> Image => image;
}
