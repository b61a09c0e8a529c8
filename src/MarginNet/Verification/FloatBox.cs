namespace MarginNet.Verification;

/// <summary>The float32 numbers in a box.</summary>
internal static class FloatBox
{
    /// <summary>The least float32 number that is at least a double.</summary>
    public static float AtLeast(double value) => (float)value >= value ? (float)value : MathF.BitIncrement((float)value);

    /// <summary>The largest float32 number that is at most a double.</summary>
    public static float AtMost(double value) => (float)value <= value ? (float)value : MathF.BitDecrement((float)value);

    /// <summary>The first input of a query between whose bounds there is no float32 number; null where there is none such.</summary>
    public static int? Gap(Query query)
    {
        for (var i = 0; i < query.Lower.Length; i++)
        {
            var (lower, upper) = (AtLeast(query.Lower[i]), AtMost(query.Upper[i]));
            if (!(lower <= upper && float.IsFinite(lower) && float.IsFinite(upper)))
            {
                return i;
            }
        }

        return null;
    }
}
