namespace MarginNet.Training;

/// <summary>How the scores at worst in the box around each image are bounded in training.</summary>
public enum RobustMethod
{
    /// <summary>By intervals, layer by layer (Gowal et al., 2018), as Shi et al. (2021) train.</summary>
    Ibp,

    /// <summary>By intervals in a small box around a point that an attack finds (SABR; Müller et al., 2023): what is bounded is less than
    /// the ball, and much tighter. Best where certificates come from linear relaxation or branch and bound.</summary>
    Sabr,

    /// <summary>By intervals, and from the scores back by linear functions (Zhang et al., 2020); the share of the latter falls from 1 to 0
    /// while ε grows.</summary>
    CrownIbp,

    /// <summary>By linear functions as in <see cref="CrownIbp"/> of a random part of the samples, and on all of them the natural loss; the
    /// weights of the two are such that both gradients count alike (MixTrain; Wang et al., 2018).</summary>
    MixTrain,

    /// <summary>By the dual of Wong and Kolter (2018): linear functions with parallel lines for every gate and the scores. For networks of
    /// some hundred gates.</summary>
    WongKolter,
}
