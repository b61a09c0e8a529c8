namespace MarginNet.PValues;

/// <summary>Which samples a margin is compared with.</summary>
public enum NullKind
{
    /// <summary>Those of the predicted class, as in the paper. It hides that some classes are more often wrong than others.</summary>
    Class,

    /// <summary>Those of all classes. The lower tail then orders samples exactly as the margin does.</summary>
    Pooled,

    /// <summary>
    /// Those of the predicted class, and the p-value p is then weighted by the odds w that a prediction of that class is wrong:
    /// P = Σ over classes c of ρ_c min(1, w_c p/w), ρ being the classes' shares of the correctly classified calibration samples.
    /// P is a p-value wherever p is one in every class: it is the probability that a typical sample of any class has so small a p/w.
    /// </summary>
    ErrorWeighted,
}
