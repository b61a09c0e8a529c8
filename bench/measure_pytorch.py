#!/usr/bin/env python3
"""Measures PyTorch for bench/run: images per second and peak memory, as one line of JSON. The network is peer_pytorch.py's.

usage: measure_pytorch.py train|score [--width 64] [--batch 32] [--images 512]
"""
import argparse
import json
import os
import resource
import time

import torch
from torch.nn import functional as F

from peer_pytorch import ResNet18

WARMUP_BATCHES = 2
TARGET_MARGIN = 5
MEAN = torch.tensor([0.4914, 0.4822, 0.4465]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.2470, 0.2435, 0.2616]).view(1, 3, 1, 1)


def normalize(pixels):
    return (pixels.float() / 255 - MEAN) / DEVIATION


def train(network, pixels, labels, batch):
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network.train()
    total = 0.0
    for step, index in enumerate(torch.randperm(len(labels)).split(batch), 1):
        logits = network(normalize(pixels[index]))
        loss = F.cross_entropy(logits - TARGET_MARGIN * F.one_hot(labels[index], logits.shape[1]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
        if step == WARMUP_BATCHES:
            start = time.perf_counter()
    return time.perf_counter() - start


def score(network, pixels, labels, batch):
    network.eval()
    scores = []
    with torch.no_grad():
        for step, images in enumerate(pixels.split(batch), 1):
            scores.append(network(normalize(images)))
            if step == WARMUP_BATCHES:
                start = time.perf_counter()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "score"])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--images", type=int, default=512)
    options = parser.parse_args()

    torch.set_num_threads(len(os.sched_getaffinity(0)))  # Some builds start with one.
    torch.manual_seed(0)
    timed = -(-options.images // options.batch) * options.batch
    count = WARMUP_BATCHES * options.batch + timed
    pixels = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
    labels = torch.arange(count) % 10
    measure = train if options.what == "train" else score
    seconds = measure(ResNet18(options.width), pixels, labels, options.batch)
    print(json.dumps({
        "what": {"train": "training", "score": "scoring"}[options.what],
        "who": "pytorch",
        "images_per_second": timed / seconds,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "settings": {"width": options.width, "batch": options.batch, "seed": 0, "threads": torch.get_num_threads(), "version": torch.__version__},
    }))


if __name__ == "__main__":
    main()
