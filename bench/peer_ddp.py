#!/usr/bin/env python3
"""Trains what bench/Ranks/Peer.cs trains, by PyTorch's DistributedDataParallel over gloo: two ranks of one thread, each with half of each batch. Prints the
loss of each step, and the processor seconds of both ranks from the first step to the last, as a line of JSON. See bench/run-ddp.
"""
import json
import math
import os
import sys
import time

import torch
from torch import distributed, multiprocessing, nn

IMAGES, SIDE, CLASSES, STEPS, WIDTH, RANKS = 512, 32, 10, 20, 32, 2


def train(rank, store):
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=RANKS)
    network = nn.Sequential(
        nn.Conv2d(3, WIDTH, 3, 2, 1), nn.ReLU(), nn.Conv2d(WIDTH, 2 * WIDTH, 3, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(2 * WIDTH * SIDE * SIDE // 16, CLASSES))
    with torch.no_grad():
        for weights in network.parameters():
            scale = 1 / math.sqrt(weights.numel() / weights.shape[0])
            weights.copy_((torch.arange(weights.numel(), dtype=torch.float64).sin() * scale).view(weights.shape))
    index = torch.arange(IMAGES * 3 * SIDE * SIDE, dtype=torch.int64)
    images = (index * 7919 % 65521 % 256).to(torch.uint8).view(IMAGES, 3, SIDE, SIDE)[rank::RANKS]
    labels = (torch.arange(IMAGES) % CLASSES)[rank::RANKS]
    parallel = nn.parallel.DistributedDataParallel(network)
    optimizer = torch.optim.SGD(parallel.parameters(), 0.01, momentum=0.9, nesterov=True)
    losses, seconds = [], []
    for _ in range(STEPS):
        loss = nn.functional.cross_entropy(parallel(images.to(torch.float32).div_(255)), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        mean = loss.detach() / RANKS
        distributed.all_reduce(mean)
        losses.append(mean.item())
        seconds.append(time.process_time())
    used = torch.tensor(seconds[-1] - seconds[0], dtype=torch.float64)
    distributed.all_reduce(used)
    if rank == 0:
        print(json.dumps({"losses": losses, "seconds": used.item()}))


if __name__ == "__main__":
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    multiprocessing.spawn(train, (sys.argv[1],), RANKS)
