using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Attacks;

/// <summary>The attacked images of a set, and what the network whose gradients made them says of them.</summary>
/// <param name="Images">The attacked images in float32, exactly as the attack made them; image i is made of image i of the set.</param>
/// <param name="CleanScores">The network's scores of the images themselves.</param>
/// <param name="AttackedScores">Its scores of the attacked images.</param>
/// <param name="StuckCount">
/// Images at which the gradient of the objective is exactly zero everywhere. FGSM leaves them as they are, and the network looks
/// robust to it whether it is or not; with cross-entropy, try <see cref="AttackObjective.LogitDifference"/>.
/// </param>
public sealed record AttackResult(ImageArray Images, ScoreMatrix CleanScores, ScoreMatrix AttackedScores, int StuckCount);
