namespace MarginNet.Drift;

/// <summary>What one number of a stream came to.</summary>
/// <param name="Index">Its place in the stream, from 0.</param>
/// <param name="PValue">Its p-value, by the tail that was chosen, in [0, 1].</param>
/// <param name="LogMartingale">ln S after it.</param>
/// <param name="LogStatistic">The logarithm of what is compared with the threshold.</param>
/// <param name="IsAlarm">Whether that reached the threshold, so that there is drift.</param>
/// <param name="Start">Where the drift began, if there is any, by estimate: the number after the lowest martingale since the last
/// alarm.</param>
public readonly record struct DriftStep(
    long Index, double PValue, double LogMartingale, double LogStatistic, bool IsAlarm, long Start);
