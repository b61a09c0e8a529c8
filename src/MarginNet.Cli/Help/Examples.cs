namespace MarginNet.Cli.Help;

/// <summary>Commands as one would type them.</summary>
internal static class Examples
{
    private static readonly Dictionary<string, (string Line, string Purpose)[]> ByCommand = new()
    {
        ["marginnet"] =
        [
            ("marginnet demo", "train on drawn shapes and print p-values: no data needed, about a minute"),
            ("marginnet train --preset fast --out m.pt", "CIFAR-10, downloaded once, to 87 % in 15 minutes of two cores"),
            ("marginnet pvalue --model m.pt --output p.csv", "how typical the margin of each test image is"),
        ],
        ["train"] =
        [
            ("marginnet train --preset fast --data-dir "
                + "cifar-10-batches-bin --out m.pt", "CIFAR-10 on a CPU in minutes, with a margin of 50"),
            ("marginnet train --data folder --data-dir pets --image-size 32 --width 16 "
                + "--epochs 20 --calibration-split 0.1", "your own images, a tenth of them kept for calibration"),
            ("marginnet train --preset certified --data-dir cifar-10-batches-bin --out m.pt", "a 1-Lipschitz network with certified radii"),
            ("marginnet train --config m.config.json", "the same run again, to the same bytes"),
        ],
        ["audit"] =
        [
            ("marginnet audit --data folder --data-dir pets --out audit", "train while recording margins, and rank the labels by them"),
            ("marginnet audit --data folder --data-dir pets --labels-file labels.csv --folds 4", "labels of a table, judged out of fold"),
            ("marginnet audit --logits epochs.npy --labels y.npy", "logits [epochs, N, C] of any framework"),
            ("marginnet train --data folder --data-dir pets --drop audit/audit.csv", "train without what was flagged"),
        ],
        ["calibrate"] =
        [
            ("marginnet calibrate --model m.pt --alpha 0.01", "flag at most 1 % of right decisions, and keep the threshold in m.pt"),
            ("marginnet calibrate --logits train.npy --labels y.npy --out null.json", "from the scores of any framework"),
        ],
        ["evaluate"] =
        [
            ("marginnet evaluate --model m.pt --data-dir "
                + "cifar-10-batches-bin --json m.json", "accuracy, confusion, margins and calibration, also for programs"),
            ("marginnet evaluate --model m.pt --html look.html", "a page with the worst images beside typical ones"),
            ("marginnet evaluate --logits test.npy --labels y.npy --mu 5", "of any framework's scores"),
        ],
        ["attack"] =
        [
            ("marginnet attack --surrogate m.pt --method pgd "
                + "--epsilon 8/255 --out adv.npy", "attack a model by its own gradients, and keep the images"),
            ("marginnet attack --surrogate ce.pt --model m.pt --epsilon 0.1", "FGSM of another network, as in the paper"),
        ],
        ["backdoor"] =
        [
            ("marginnet backdoor --model m.pt", "is the largest margin of some class too large? needs no data"),
            ("marginnet backdoor --model resnet.onnx --html b.html --output b.csv", "a page with the image that each class likes best"),
            ("marginnet backdoor --model m.pt --repair repaired.pt --data folder --data-dir clean", "and bound its activations"),
        ],
        ["pvalue"] =
        [
            ("marginnet pvalue --model m.pt --output p.csv", "every test image"),
            ("marginnet pvalue --model m.pt --html p.html --output p.csv", "a page with the images, the least typical first"),
            ("marginnet pvalue --model m.pt --images cat.jpg dog.png", "loose files"),
            ("marginnet pvalue --logits test.npy --calibration null.json", "the scores of any framework"),
        ],
        ["detect"] =
        [
            ("marginnet detect --model m.pt --fgsm 0.1", "p-values beside softmax, energy and others, for wrong decisions and an attack"),
            ("marginnet detect --model m.pt --ood textures --json d.json", "for images of none of the classes"),
        ],
        ["monitor"] =
        [
            ("marginnet monitor margins.csv --column margin --reference held-out.csv", "a file, compared with ordinary margins"),
            ("marginnet monitor margins.csv --column margin --follow --state s.json", "as it grows, and on from there the next time"),
            ("marginnet monitor p.csv --column p_lower --ranks none --procedure cusum", "p-values as they are, alarms again and again"),
        ],
        ["merge"] =
        [
            ("marginnet merge pvalue-*-of-4.shard --out p.csv", "what 'marginnet pvalue --shard i/4' made, i from 1 to 4"),
        ],
        ["lipschitz"] =
        [
            ("marginnet lipschitz --model m.pt", "proven upper bounds, layer by layer"),
            ("marginnet lipschitz --model m.pt --samples 64 --json l.json", "and what gradients at 64 images show"),
        ],
        ["import"] =
        [
            ("marginnet import resnet.pt --normalize 0.4914,0.4822,0.4465/0.2470,0.2435,0.2616 "
                + "--classes names.txt --out m.pt", "a state dict that PyTorch wrote, with what it does not say"),
            ("marginnet import scores.onnx --input-size 32 --out m.pt", "any architecture, for scores only"),
            ("marginnet import checkpoint.ckpt --weights state_dict_ema --data "
                + "folder --data-dir pets --out m.pt", "averaged weights, with the names of a folder's classes"),
            ("marginnet import net.onnx --output logits --out m.pt", "of several outputs, the one that has the scores"),
        ],
        ["export"] =
        [
            ("marginnet export m.pt --to onnx", "pixels to scores in one file for ONNX Runtime"),
            ("marginnet export m.pt --to state-dict --names pytorch-cifar --out r.pt", "weights for PyTorch code"),
        ],
        ["certify"] =
        [
            ("marginnet certify --model m.pt --epsilon 36/255 "
                + "--output radii.csv --plot radii.svg", "certified accuracy beside that under attack, and the radius of each image"),
            ("marginnet certify --model m.pt --method crown --norm linf --epsilon 1/255 2/255 --limit-test 100",
                "by linear relaxation, which needs no Lipschitz constant"),
        ],
        ["verify"] =
        [
            ("marginnet verify net.onnx property.vnnlib --timeout 60", "one property: unsat, or sat with a counterexample"),
            ("marginnet verify --instances instances.csv --results results.csv", "a set, as the competition on verification has them"),
        ],
        ["reproduce"] =
        [
            ("marginnet reproduce --preset smoke", "the paper's experiment on drawn shapes, to try it"),
            ("marginnet reproduce --data-dir cifar-10-batches-bin --seeds 3", "on CIFAR-10, with intervals over three seeds"),
        ],
        ["demo"] = [("marginnet demo --out-dir demo", "in a folder of its own")],
        ["doctor"] =
        [
            ("marginnet doctor", "for a bug report, and wherever results look wrong"),
            ("marginnet doctor --json -", "the same for programs"),
        ],
        ["completion"] =
        [
            ("marginnet completion bash >> ~/.bashrc", "bash"),
            ("marginnet completion zsh >> ~/.zshrc", "zsh, after compinit"),
            ("marginnet completion fish > ~/.config/fish/completions/marginnet.fish", "fish"),
            ("marginnet completion pwsh >> $PROFILE", "PowerShell"),
        ],
    };

    /// <summary>Those of a command; none where it is unknown.</summary>
    public static IReadOnlyList<(string Line, string Purpose)> Of(string command) => ByCommand.GetValueOrDefault(command, []);
}
