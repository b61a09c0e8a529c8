"""Scores a ramp image with PyTorch's own network and the weights of a model file, as a user of Python would: score.py m.pt"""
import sys

import torch

from peer_pytorch import ResNet18

model = torch.load(sys.argv[1], weights_only=True)
network = ResNet18(model["architecture"]["width"], len(model["class_names"]))
network.load_state_dict(model["state_dict"], strict=True)
network.eval()
mean, deviation = (model["normalization"][name].float().view(1, -1, 1, 1) for name in ("mean", "std"))
image = torch.linspace(0, 1, 3 * 32 * 32).view(1, 3, 32, 32)
with torch.no_grad():
    print(*network((image - mean) / deviation)[0].tolist())
