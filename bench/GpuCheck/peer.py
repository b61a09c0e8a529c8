#!/usr/bin/env python3
"""PyTorch's side of the check on a GPU: the same networks in an eager loop, a line of JSON for each figure.

usage: peer.py machine
       peer.py agree FOLDER [--device cuda]       the scores of networks that MarginNet wrote
       peer.py speed [--device cuda] [--tf32] [--precision bfloat16] [--channels-last] [--seconds 1] [--images 12800] [--short]
"""
import argparse
import json
import os
import time
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional as F

from peer_pytorch import ResNet18

MEAN, DEVIATION = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]
TARGET_MARGIN = 5
TOLERANCE = 1e-4


class FastBlock(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs, momentum=0.4)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs, momentum=0.4)

    def forward(self, x):
        x = F.relu(self.bn1(F.max_pool2d(self.conv1(x), 2)), inplace=True)
        return F.relu(self.bn2(self.conv2(x)), inplace=True)


class Whitening(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("weight", torch.cat([torch.eye(12), -torch.eye(12)]).reshape(24, 3, 2, 2))
        self.bias = nn.Parameter(torch.zeros(24))

    def forward(self, x):
        return F.conv2d(x, self.weight, self.bias)


class FastNet(nn.Module):
    def __init__(self, width, classes=10):
        super().__init__()
        self.whiten = Whitening()
        self.block1 = FastBlock(24, width)
        self.block2 = FastBlock(width, 2 * width)
        self.block3 = FastBlock(2 * width, 2 * width)
        self.fc = nn.Linear(2 * width, classes, bias=False)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(F.relu(self.whiten(x), inplace=True))))
        return self.fc(x.amax((2, 3)) * 0.125)


NETWORKS = {"resnet18": ResNet18, "fastnet": FastNet}


class Peer:
    """A network on a device with the settings of the command line."""

    def __init__(self, network, options):
        self.device = torch.device(options.device)
        self.precision = options.precision
        self.format = torch.channels_last if options.channels_last else torch.contiguous_format
        self.network = network.to(self.device, memory_format=self.format)
        self.mean = torch.tensor(MEAN, device=self.device).view(1, 3, 1, 1)
        self.deviation = torch.tensor(DEVIATION, device=self.device).view(1, 3, 1, 1)

    def scores(self, pixels):
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            scores = self.network(((pixels.float() / 255 - self.mean) / self.deviation).contiguous(memory_format=self.format))
        return scores.float()

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def training_speed(self, pixels, labels, batch, seconds):
        pixels, labels = pixels.to(self.device), labels.to(self.device)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.network.train()
        total = torch.zeros((), device=self.device)

        def epoch():
            for index in torch.randperm(len(labels), device=self.device).split(batch):
                own = labels[index]
                logits = self.scores(pixels[index])
                loss = F.cross_entropy(logits - TARGET_MARGIN * F.one_hot(own, logits.shape[1]), own)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total.add_(loss.detach())
            self.synchronize()

        return len(labels) * rate(epoch, seconds)

    def scoring_speed(self, pixels, batch, seconds):
        """From bytes in the memory of the CPU to scores there."""
        self.network.eval()

        def all_images():
            with torch.no_grad():
                return torch.cat([self.scores(images.to(self.device)).cpu() for images in pixels.split(batch)])

        return len(pixels) * rate(all_images, seconds)


def rate(work, seconds):
    """Times a second: after two, and as many seconds, until the time is up."""
    start, warm = time.perf_counter(), 0
    while warm < 2 or time.perf_counter() - start < seconds:
        work()
        warm += 1
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        work()
        count += 1
    return count / (time.perf_counter() - start)


def speed(options):
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = options.tf32
    width, batches, count, seconds = (8, [32], 64, 0.1) if options.short else (64, [128, 512], options.images, options.seconds)
    pixels = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
    labels = torch.arange(count) % 10
    for name, network in NETWORKS.items():
        for batch in batches:
            torch.manual_seed(0)
            peer = Peer(network(width), options)
            report(network=name, work="training", batch=batch, images_per_second=peer.training_speed(pixels, labels, batch, seconds))
            report(network=name, work="scoring", batch=batch, images_per_second=peer.scoring_speed(pixels, batch, seconds))


def agree(options):
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    pixels = torch.from_numpy(numpy.fromfile(options.folder / "images.bin", numpy.uint8).reshape(-1, 3, 32, 32))
    for name, create in NETWORKS.items():
        weights = torch.load(options.folder / f"{name}.pt", map_location="cpu", weights_only=True)["state_dict"]
        network = create(len(weights["fc.weight"][0]) // (8 if name == "resnet18" else 2))
        network.load_state_dict(weights)
        peer = Peer(network.eval(), options)
        with torch.no_grad():
            scores = peer.scores(pixels.to(peer.device)).cpu().numpy()
        theirs = numpy.fromfile(options.folder / f"{name}.scores.bin", numpy.float32).reshape(scores.shape)
        difference = float(abs(scores - theirs).max() / abs(scores).max())
        count = sum(parameter.numel() for parameter in network.parameters())
        report(what=f"{name}, scores beside PyTorch's", reference=0, found=difference, limit=TOLERANCE,
               note=f"the same {count:,} parameters", verdict="ok" if difference <= TOLERANCE else "failed")


def machine(options):
    report(pytorch=torch.__version__, cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version() if torch.cuda.is_available() else None,
           gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None)


def report(**figures):
    print(json.dumps(figures), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["machine", "agree", "speed"])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tf32", action="store_true")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--images", type=int, default=12800)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    {"machine": machine, "agree": agree, "speed": speed}[options.command](options)


if __name__ == "__main__":
    main()
