namespace MarginNet.Bounds;

/// <summary>One layer of a network as far as Lipschitz constants are concerned: biases are left out.
/// Its tensors belong to the dispose scope it was made in.</summary>
/// <param name="Name">Where it is in the network, such as <c>layer1.0.conv1</c>.</param>
internal abstract record Layer(string Name)
{
    /// <summary>What it is, in a word.</summary>
    public abstract string Kind { get; }

    /// <summary>Whether it works channel by channel with f(tu) = tf(u) for t ≥ 0, so that positive factors move through it.</summary>
    public virtual bool IsHomogeneous => false;

    /// <summary>The shape it makes of another.</summary>
    /// <exception cref="ArgumentException">It does not take that shape.</exception>
    public abstract FeatureShape Output(FeatureShape input);

    /// <summary>An upper bound of its Lipschitz constant in ℓ2 at that input size, and what it came from.</summary>
    public abstract (UpperBound Bound, string Method) Bound(FeatureShape input);

    /// <summary>The layer is 2ᵉ times the first, whose weights are about 1:
    /// products of the layers' bounds then neither underflow nor overflow.</summary>
    public virtual (Layer Layer, int Exponent) Normalized() => (this, 0);

    /// <summary>What of it is no weight, as text, such as its slopes or steps.</summary>
    public virtual string Settings => "";

    /// <summary>The layer as a matrix; null where it is not linear, or large.</summary>
    public virtual BoundedMatrix? Matrix(FeatureShape input) => null;

    protected ArgumentException Misfit(FeatureShape input, string expected) =>
        new($"Layer '{Name}' takes {expected}, but gets {input}.", nameof(input));

    /// <summary>What rounding makes of the features in this layer, as the network runs it.</summary>
    /// <exception cref="NotSupportedException">It is not known.</exception>
    public virtual ForwardSignal Rounded(ForwardSignal signal, FeatureShape input) =>
        throw new NotSupportedException($"The rounding of layer '{Name}' is not known, so that no radius can be certified.");

    /// <summary>The layer as sums of products; null where it is not linear.</summary>
    public virtual LinearSums? Sums(FeatureShape input) => null;
}
