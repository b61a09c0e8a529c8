"""
Writes models as other programs save them, and what PyTorch makes of them: python3 make_fixtures.py [FOLDER [SEED]]
(the files beside it are of seed 1, made with PyTorch 1.13.0, Python 3.11). The residual networks are torchvision's resnet18
and kuangliu/pytorch-cifar's ResNet18, written anew at width 2 for small files; --check compares the former with torchvision.
"""

import os
import sys
import zipfile
from typing import Tuple

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
MEAN, STD = [0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, skip):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.skip = skip
        if stride != 1 or inputs != outputs:
            setattr(self, skip, nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (getattr(self, self.skip)(x) if hasattr(self, self.skip) else x))


class ResNet(nn.Module):
    def __init__(self, width, classes, stem, skip="downsample", last="fc"):
        super().__init__()
        large = stem == 7
        self.conv1 = nn.Conv2d(3, width, stem, 2 if large else 1, stem // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, 2, 1) if large else nn.Identity()
        for stage in range(4):
            inputs, outputs = width * 2 ** max(stage - 1, 0), width * 2**stage
            blocks = nn.Sequential(Block(inputs, outputs, 1 if stage == 0 else 2, skip), Block(outputs, outputs, 1, skip))
            setattr(self, f"layer{stage + 1}", blocks)
        self.last = last
        setattr(self, last, nn.Linear(8 * width, classes))

    def forward(self, x):
        x = self.pool(torch.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return getattr(self, self.last)(x.mean([2, 3]))


class Small(nn.Module):
    """A network that no reader of state dicts knows."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ELU(), nn.AvgPool2d(2), nn.Dropout(0.5))
        self.head = nn.Linear(4, 10)

    def forward(self, x):
        return self.head(self.body(x).mean([2, 3]))


class Writer(nn.Module):
    """Its program writes a file while it is loaded."""

    def __init__(self):
        super().__init__()
        self.weight = torch.zeros(1)

    @torch.jit.export
    def __getstate__(self):
        return self.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[torch.Tensor, bool]):
        torch.save(state[0], "program-was-here")
        self.weight = state[0]
        self.training = state[1]

    def forward(self, x):
        return x.mean([2, 3]) + self.weight


class Aborter(nn.Module):
    """Names an operator, once its code is changed, that no LibTorch has."""

    def forward(self, x):
        return torch.relu(x.mean([2, 3]))


def trained(network, size):
    """Statistics of batch-norm that are not those of a fresh network, and scores far from each other."""
    network(torch.rand(64, 3, size, size) * 2 - 1)
    for parameter in network.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return network.eval()


def normalized(images):
    return (images - torch.tensor(MEAN).reshape(1, 3, 1, 1)) / torch.tensor(STD).reshape(1, 3, 1, 1)


def replace_in_archive(path, old, new):
    with zipfile.ZipFile(path) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            archive.writestr(zipfile.ZipInfo(entry.filename), content.replace(old, new))


def field(number, content):
    """A field of a protobuf message: text, bytes or a number."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    low, value = value & 127, value >> 7
    return bytes([low | 128]) + varint(value) if value else bytes([low])


def linear_onnx(weight):
    """An ONNX model of the scores x·w, with w as given."""

    def images(name, sizes):
        shape = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in sizes)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    mean = field(1, "x") + field(2, "m") + field(4, "GlobalAveragePool")
    flat = field(1, "m") + field(2, "f") + field(4, "Flatten")
    product = field(1, "f") + field(1, "w") + field(2, "y") + field(4, "MatMul")
    graph = b"".join(field(1, node) for node in (mean, flat, product)) + field(2, "g") + field(5, weight)
    graph += field(11, images("x", ["n", 3, 16, 16])) + field(12, images("y", ["n", "c"]))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def main(folder, seed):
    torch.manual_seed(seed)
    path = lambda name: os.path.join(folder, name)
    small, large = torch.rand(4, 3, 16, 16), torch.rand(2, 3, 48, 48)
    expected = {"small_images": small, "large_images": large}

    network = trained(ResNet(2, 10, 7), 64)
    torch.save(network.state_dict(), path("torchvision.pt"))
    expected["torchvision"] = network(large)

    network = trained(ResNet(2, 10, 3), 16)
    torch.save({"epoch": 3, "model_state_dict": {"_orig_mod." + name: value for name, value in network.state_dict().items()}}, path("cifar_stem.pt"))
    expected["cifar_stem"] = network(normalized(small))

    network = trained(ResNet(2, 7, 3, "shortcut", "linear"), 16)
    torch.save({"net": {"module." + name: value for name, value in network.state_dict().items()}, "acc": 95.5, "epoch": 199}, path("kuangliu.pt"))
    expected["kuangliu"] = network(normalized(small))

    # Saved in training mode, which the reader has to leave.
    network = trained(Small(), 16)
    images = small.clone().requires_grad_()
    scores = network(normalized(images))
    scores[:, 0].sum().backward()
    expected["small"], expected["small_gradient"] = scores, images.grad
    torch.jit.trace(network, small).save(path("traced.pt"))
    torch.onnx.export(network, small[:1], path("fixed.onnx"), opset_version=13, input_names=["images"], output_names=["scores"])
    torch.onnx.export(
        network, small, path("dynamic.onnx"), opset_version=13, input_names=["images"], output_names=["scores"],
        dynamic_axes={"images": {0: "n", 2: "height", 3: "width"}, "scores": {0: "n"}})
    torch.jit.script(network.train()).save(path("scripted.pt"))

    torch.jit.script(Writer()).save(path("writer.pt"))
    torch.jit.script(Aborter()).save(path("aborter.pt"))
    replace_in_archive(path("aborter.pt"), b"torch.relu", b"torch.rely")

    # What ONNX Runtime is not to follow, and not to make room for.
    link = field(13, field(1, "location") + field(2, "expected.pt")) + field(14, 1)
    for name, weight in (("linked", field(1, 3) + field(1, 4) + link), ("huge", field(1, 3) + field(1, 10**12))):
        with open(path(name + ".onnx"), "wb") as file:
            file.write(linear_onnx(weight + field(2, 1) + field(8, "w")))

    torch.save({name: value.detach() for name, value in expected.items()}, path("expected.pt"))


def check():
    import torchvision

    theirs, ours = torchvision.models.resnet18(), ResNet(64, 1000, 7)
    print(ours.load_state_dict(theirs.state_dict()))
    images = torch.rand(2, 3, 224, 224)
    print("largest difference", (theirs.eval()(images) - ours.eval()(images)).abs().max().item())


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else HERE, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
