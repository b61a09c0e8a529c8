"""
Scores a ramp image with plain PyTorch networks and the weights that 'marginnet export' wrote, as a user of Python would:
  score_exported.py FILE ResNet18|FastNet torchvision|pytorch-cifar [MEAN STD]
FILE is a state dict or a .safetensors file, whose metadata give the mean and deviation; MEAN and STD are comma-separated.
"""

import json
import os
import sys

import torch
from torch import nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride, skip):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.skip = [skip] if stride != 1 or inputs != outputs else []
        for name in self.skip:
            self.add_module(name, nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        for name in self.skip:
            x = getattr(self, name)(x)
        return F.relu(y + x)


class ResNet18(nn.Module):
    def __init__(self, weights, names):
        super().__init__()
        skip, self.last = ("shortcut", "linear") if names == "pytorch-cifar" else ("downsample", "fc")
        width, channels = weights["conv1.weight"].shape[:2]
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        for stage in range(4):
            inputs, outputs = width * 2 ** max(stage - 1, 0), width * 2**stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(
                BasicBlock(inputs, outputs, 1 if stage == 0 else 2, skip), BasicBlock(outputs, outputs, 1, skip)))
        self.add_module(self.last, nn.Linear(8 * width, len(weights[self.last + ".bias"])))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return getattr(self, self.last)(x.mean((2, 3)))


class Whitening(nn.Module):
    def __init__(self, outputs, channels):
        super().__init__()
        self.register_buffer("weight", torch.empty(outputs, channels, 2, 2))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias)


class FastBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(F.max_pool2d(self.conv1(x), 2))))))


class FastNet(nn.Module):
    def __init__(self, weights, _):
        super().__init__()
        (outputs, channels), width = weights["whiten.weight"].shape[:2], len(weights["block1.conv1.weight"])
        self.whiten = Whitening(outputs, channels)
        self.block1 = FastBlock(outputs, width)
        self.block2 = FastBlock(width, 2 * width)
        self.block3 = FastBlock(2 * width, 2 * width)
        self.fc = nn.Linear(2 * width, len(weights["fc.weight"]), bias=False)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(F.relu(self.whiten(x)))))
        return self.fc(x.amax((2, 3))) / 8


def main():
    path, architecture, names = sys.argv[1:4]
    if path.endswith(".safetensors"):
        sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Checkpoints", "Fixtures"))
        import safetensors_format
        content = safetensors_format.read(path)
        weights, normalization = content["tensors"], json.loads(content["metadata"]["marginnet"])["normalization"]
        mean, deviation = (torch.tensor(normalization[key]) for key in ("mean", "std"))
    else:
        weights = torch.load(path, weights_only=True)
        mean, deviation = (torch.tensor([float(value) for value in text.split(",")]) for text in sys.argv[4:6])
    network = {"ResNet18": ResNet18, "FastNet": FastNet}[architecture](weights, names)
    network.load_state_dict(weights, strict=True)
    network.eval()
    image = torch.linspace(0, 1, 3 * 32 * 32).view(1, 3, 32, 32)
    with torch.no_grad():
        print(*network((image - mean.view(1, -1, 1, 1)) / deviation.view(1, -1, 1, 1))[0].tolist())


if __name__ == "__main__":
    main()
