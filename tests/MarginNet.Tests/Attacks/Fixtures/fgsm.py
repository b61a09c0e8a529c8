"""FGSM as PyTorch's users write it.

fgsm.py                                      prints the attacked images of a small network: fgsm.txt, made with PyTorch 1.13
fgsm.py m.pt images.npy labels.npy out.npy   attacks a MarginNet model file in float64, with epsilon 0.1
"""
import os
import sys

import numpy
import torch


def fgsm(network, x, y, epsilon):
    x = x.clone().requires_grad_()
    network.eval()
    loss = torch.nn.functional.cross_entropy(network(x), y)
    gradient, = torch.autograd.grad(loss, x)
    return (x + epsilon * gradient.sign()).clamp(0, 1).detach()


def small():
    """Weights, images and labels by formula, so that nothing but the result need be kept."""
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(18, 8), torch.nn.Tanh(), torch.nn.Linear(8, 4)).double()
    for parameter in network.parameters():
        parameter.data = torch.sin(1 + torch.arange(parameter.numel()).double() ** 2).reshape(parameter.shape)
    images = 0.5 + 0.5 * torch.sin(0.7 * torch.arange(3 * 18).double()).reshape(3, 2, 3, 3)
    return fgsm(network, images, torch.tensor([0, 3, 1]), 0.05)


if len(sys.argv) == 1:
    for image in small():
        print(*image.flatten().tolist())
else:
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "ModelFiles", "Fixtures"))
    from peer_pytorch import ResNet18

    model = torch.load(sys.argv[1], weights_only=True)
    network = ResNet18(model["architecture"]["width"], len(model["class_names"]))
    network.load_state_dict(model["state_dict"], strict=True)
    mean, deviation = (model["normalization"][name].double().view(1, -1, 1, 1) for name in ("mean", "std"))
    images, labels = (torch.from_numpy(numpy.load(path)) for path in sys.argv[2:4])
    whole = network.double()
    normalized = torch.nn.Module()
    normalized.forward = lambda x: whole((x - mean) / deviation)
    whole.eval()
    numpy.save(sys.argv[4], fgsm(normalized, images.double(), labels, 0.1).numpy())
