#!/usr/bin/env python3
"""Trains the network of `marginnet train` in PyTorch, with the same hyperparameters and data, to compare accuracies.

usage: peer_pytorch.py CIFAR_BINARY_FOLDER [--width 16] [--epochs 6] [--lr 1e-3] [--mu 5] [--loss cross-entropy] [--seed 0]
"""
import argparse
import time
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional as F


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self, width, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = nn.Sequential(BasicBlock(width, width, 1), BasicBlock(width, width, 1))
        self.layer2 = nn.Sequential(BasicBlock(width, 2 * width, 2), BasicBlock(2 * width, 2 * width, 1))
        self.layer3 = nn.Sequential(BasicBlock(2 * width, 4 * width, 2), BasicBlock(4 * width, 4 * width, 1))
        self.layer4 = nn.Sequential(BasicBlock(4 * width, 8 * width, 2), BasicBlock(8 * width, 8 * width, 1))
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def read(files):
    records = numpy.concatenate([numpy.fromfile(file, numpy.uint8).reshape(-1, 3073) for file in files])
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(records[:, 0].astype(numpy.int64))


def loss_of(name, mu):
    if name == "cross-entropy":
        return F.cross_entropy
    if name == "shifted-softmax":
        return lambda f, c: F.cross_entropy(f - mu * F.one_hot(c, f.shape[1]), c)
    raise SystemExit(f"unknown loss {name}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--mu", type=float, default=5)
    parser.add_argument("--loss", default="cross-entropy")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    images, labels = read([options.folder / f"data_batch_{i}.bin" for i in range(1, 6)])
    test_images, test_labels = read([options.folder / "test_batch.bin"])
    pixels = images.float() / 255
    mean = pixels.mean((0, 2, 3)).view(1, 3, 1, 1)
    deviation = pixels.std((0, 2, 3), unbiased=False).view(1, 3, 1, 1)
    network = ResNet18(options.width)
    optimizer = torch.optim.Adam(network.parameters(), lr=options.lr)
    objective = loss_of(options.loss, options.mu)
    start = time.time()
    for epoch in range(1, options.epochs + 1):
        network.train()
        for batch in torch.randperm(len(labels)).split(32):
            loss = objective(network((images[batch].float() / 255 - mean) / deviation), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            right = sum((network((x.float() / 255 - mean) / deviation).argmax(1) == y).sum().item()
                        for x, y in zip(test_images.split(128), test_labels.split(128)))
        print(f"epoch {epoch}: test accuracy {100 * right / len(test_labels):.2f} % ({time.time() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
