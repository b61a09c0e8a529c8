namespace MarginNet.Attacks;

/// <summary>How an attack looks for its images.</summary>
public enum AttackMethod
{
    /// <summary>One gradient and one step as long as ε allows, see <see cref="Attacks.Fgsm"/>: the paper's.</summary>
    Fgsm,

    /// <summary>Several steps, several starts, and the strongest image met, see <see cref="Attacks.Pgd"/>.</summary>
    Pgd,
}
