"""
Writes programs as people bring them that are no plain classifier of RGB images: python3 make_programs.py [FOLDER]
(the files beside it were made with PyTorch 1.13.0, Python 3.11). Weights are random. programs.pt has their images and scores.
"""

import os
import sys
import warnings
from typing import Dict, Tuple

import torch
from torch import nn

from make_fixtures import HERE, field, linear_onnx

SIZE = 16


class Network(nn.Module):
    def __init__(self, channels=3):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.ReLU())
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(6, 5)

    def features(self, x):
        return self.body(x).mean([2, 3])

    def forward(self, x):
        return self.head(self.dropout(self.features(x)))


class Pair(Network):
    def forward(self, x) -> Tuple[torch.Tensor, torch.Tensor]:
        features = self.features(x)
        return features, self.head(features)


class Named(Network):
    def forward(self, x) -> Dict[str, torch.Tensor]:
        features = self.features(x)
        return {"features": features, "logits": self.head(features)}


class ChannelsLast(Network):
    def forward(self, x):
        return self.head(self.features(x.permute(0, 3, 1, 2))).unsqueeze(2).unsqueeze(3)


class Forever(nn.Module):
    """Ends on two images, and on others only if they are black."""

    def forward(self, x):
        while bool(x.abs().max() > 0) and x.size(0) != 2:
            x = x * 1.0
        return x.mean([2, 3])


def main(folder):
    torch.manual_seed(4)
    path = lambda name: os.path.join(folder, name)
    images = torch.rand(3, 3, SIZE, SIZE)
    expected = {"images": images}

    def onnx(network, name, example, outputs, **options):
        axes = {"images": {0: "n"}, **{output: {0: "n"} for output in outputs}}
        torch.onnx.export(network, example, path(name), opset_version=13, input_names=["images"], output_names=outputs, dynamic_axes=axes, **options)

    training = {"training": torch.onnx.TrainingMode.TRAINING, "do_constant_folding": False}

    network = Network().eval()
    network.dropout.train()
    torch.jit.trace(network, images, check_trace=False).save(path("dropout.pt"))
    network.body[1], network.dropout = nn.Identity(), nn.Identity()
    onnx(nn.Sequential(network, nn.Dropout(0.5)), "dropout.onnx", images, ["scores"], **training)  # At the end: ONNX Runtime leaves others out.
    network = Network().train()
    network.dropout.eval()
    torch.jit.trace(network, images, check_trace=False).save(path("batchnorm.pt"))
    network.dropout = nn.Identity()
    onnx(network, "batchnorm.onnx", images, ["scores"], **training)

    network = Pair().eval()
    expected["pair.pt"] = network(images)[1].detach()
    torch.jit.script(network).save(path("pair.pt"))
    onnx(network, "pair.onnx", images, ["features", "logits"])
    expected["pair.onnx"] = expected["pair.pt"]
    network = Named().eval()
    expected["named.pt"] = network(images)["logits"].detach()
    torch.jit.script(network).save(path("named.pt"))
    network = ChannelsLast().eval()
    last = images.permute(0, 2, 3, 1).contiguous()
    expected["channels_last.onnx"] = network(last).detach().flatten(1)
    onnx(network, "channels_last.onnx", last, ["scores"])
    network = Network(1).eval()
    expected["grey.pt"] = network(images[:, :1]).detach()
    torch.jit.freeze(torch.jit.script(network)).save(path("grey.pt"))
    torch.jit.script(Forever()).save(path("forever.pt"))

    # Weights [3, 4] of 48 bytes, 16 bytes into a file.
    place = b"".join(field(13, field(1, key) + field(2, value)) for key, value in (("location", "beside.onnx.data"), ("offset", "16"), ("length", "48")))
    weight = torch.rand(3, 4)
    expected["beside.onnx"] = images.mean([2, 3]) @ weight
    with open(path("beside.onnx"), "wb") as file:
        file.write(linear_onnx(field(1, 3) + field(1, 4) + field(2, 1) + field(8, "w") + place + field(14, 1)))
    with open(path("beside.onnx.data"), "wb") as file:
        file.write(bytes(16) + weight.numpy().tobytes() + bytes(8))

    torch.save(expected, path("programs.pt"))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1] if len(sys.argv) > 1 else HERE)
