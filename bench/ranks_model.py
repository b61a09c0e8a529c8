#!/usr/bin/env python3
"""Seconds of a training step against the number of ranks, from what bench/run-ranks measured, as a table of Markdown.

    t(p) = sample * batch / p / cores  +  serial + exchange  +  2 (p - 1) alpha * messages  +  2 (p - 1) / p * bytes * (1 / network + gamma)

The last two terms are the ring: p - 1 turns that sum, p - 1 that spread the sum, each of bytes / p to a neighbour, for each of the messages of 25 MiB that
a step sends. alpha is half of the seconds of a sum of one number over two ranks, gamma the seconds for each byte of one of 5 or 25 MB, whichever are
fewer, both over loopback, where there is no wire: the network's share is added. Given are steps in milliseconds, and how many times faster than one
rank they are. Of several runs in one file the least of each figure counts: others on the machine only add to them.

usage: ranks_model.py ranks.jsonl [--batch 1024] [--cores 1] [--latency 0] [--gigabits 10 100]
"""
import argparse
import json
import math

parser = argparse.ArgumentParser()
parser.add_argument("constants")
parser.add_argument("--batch", type=int, default=1024, help="images of all ranks together")
parser.add_argument("--cores", type=int, default=1, help="of each rank, as if they halved the seconds of an image when doubled")
parser.add_argument("--latency", type=float, default=0, help="microseconds that the network adds to each message")
parser.add_argument("--gigabits", type=float, nargs="+", default=[10, 100], help="a second, of the network of each rank")
options = parser.parse_args()

with open(options.constants) as file:
    lines = [json.loads(line[line.index("{"):]) for line in file if "{" in line]
sums, networks = {}, {}
for line in lines:
    if "megabytes" in line:
        sums[line["megabytes"]] = min(line["seconds"], sums.get(line["megabytes"], math.inf))
    else:
        known = networks.setdefault(line["Network"], line)
        networks[line["Network"]] = {key: min(value, known[key]) for key, value in line.items()}
networks = list(networks.values())
alpha = sums[0] / 2 + options.latency * 1e-6
gamma = min((sums[megabytes] - sums[0]) / (1e6 * megabytes) for megabytes in (5, 25))


def step(network, ranks, gigabits):
    size = 4 * network["Weights"]
    messages = math.ceil(size / (25 << 20))
    seconds = network["Sample"] * options.batch / ranks / options.cores + network["Serial"]
    if ranks == 1:
        return seconds
    ring = 2 * (ranks - 1) * alpha * messages + 2 * (ranks - 1) / ranks * size * (8 / (gigabits * 1e9) + gamma)
    return seconds + network["Exchange"] + ring


columns = [(network, gigabits) for network in networks for gigabits in options.gigabits]
print("| ranks | " + " | ".join(f"{network['Network']}, {gigabits:g} Gbit/s" for network, gigabits in columns) + " |")
print("|---" * (len(columns) + 1) + "|")
for ranks in [4 ** k for k in range(6)]:
    times = [(step(column[0], ranks, column[1]), step(column[0], 1, column[1])) for column in columns]
    print(f"| {ranks:,} | " + " | ".join(f"{1000 * t:,.0f} ({one / t:.1f})" for t, one in times) + " |")
for network, gigabits in columns:
    one = step(network, 1, gigabits)
    best = min(range(1, options.batch + 1), key=lambda ranks: step(network, ranks, gigabits))
    half = max(ranks for ranks in range(1, options.batch + 1) if one / step(network, ranks, gigabits) >= ranks / 2)
    print(f"{network['Network']}, {gigabits:g} Gbit/s: half of each rank's time is lost from {half + 1} ranks on; "
          f"more than {best} make a step longer, which is then {one / step(network, best, gigabits):.1f} times faster than one rank's.")
