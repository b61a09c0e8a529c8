"""
Writes the files beside it: python3 make_fixtures.py (made with PyTorch 1.13.0, Python 3.11).
A file that is to be read has a .txt beside it: what PyTorch itself reads there, in the words of show.py.
"""

import os
import pickle
import sys
import zipfile
from collections import OrderedDict

import torch

from show import show

FOLDER = os.path.dirname(os.path.abspath(__file__))


def path(name):
    return os.path.join(FOLDER, name)


def save(value, name, **options):
    torch.save(value, path(name + ".pt"), **options)
    with open(path(name + ".txt"), "w", encoding="utf-8", newline="") as file:
        file.write(show(torch.load(path(name + ".pt"))))


class Hostile:
    def __reduce__(self):
        return os.system, ("touch hostile-was-here",)


def small_network():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, bias=False), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))


def main():
    # state_dict.pt: parameters and buffers, with a 0-dimensional int64 one, under an OrderedDict with _metadata.
    network = small_network()
    save(network.state_dict(), "state_dict")

    # checkpoint.pt: a training checkpoint with plain values of every kind, and an optimizer's state with integer keys.
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    network[2](torch.ones(1, 4)).sum().backward()
    optimizer.step()
    save({
        "format": 1, "name": "réseau\nΔ", "none": None, "yes": True, "no": False,
        "small": -3, "byte": 200, "word": 60000, "big": 2**40, "min": -2**63, "max": 2**63 - 1,
        "pi": 3.141592653589793, "inf": float("inf"), "tuple": (1, "two", 3.0), "one": (1,), "pair": (1, 2),
        "four": (1, 2, 3, 4), "empty": [[], (), {}], "nested": {"a": [{"b": [1, [2, [3]]]}]}, "shape": torch.Size([2, 3]),
        "dtype": torch.float32, "device": torch.device("cpu"),
        "state_dict": network.state_dict(), "optimizer": optimizer.state_dict(),
    }, "checkpoint")

    # tensors.pt: element types, strides, slices, tied weights, a Parameter, an empty one.
    torch.manual_seed(2)
    matrix = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    tied = torch.nn.Linear(3, 2, bias=False)
    save({
        "transposed": matrix.t(), "slice": matrix[1:, ::2], "row": matrix[2], "matrix": matrix,
        "expanded": torch.tensor([5.0]).expand(3, 2), "scalar": torch.tensor(2.5, dtype=torch.float64),
        "channels_last": torch.arange(24, dtype=torch.float32).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        "empty": torch.empty(0, 3), "parameter": torch.nn.Parameter(torch.tensor([1.0, 2.0])),
        "tied_a": tied.weight, "tied_b": tied.weight,
        "float64": torch.tensor([1.0, -2.5], dtype=torch.float64), "float16": torch.tensor([1.5, -2.25, 65504], dtype=torch.float16),
        "bfloat16": torch.tensor([1.5, -2.25, 3e38], dtype=torch.bfloat16), "int8": torch.tensor([-128, 127], dtype=torch.int8),
        "int16": torch.tensor([-32768, 32767], dtype=torch.int16), "int32": torch.tensor([-2**31, 2**31 - 1], dtype=torch.int32),
        "int64": torch.tensor([-2**63, 2**63 - 1]), "uint8": torch.tensor([0, 255], dtype=torch.uint8), "bool": torch.tensor([True, False]),
    }, "tensors")

    # protocols: what torch.save writes with a newer pickle.
    for protocol in (3, 4, 5):
        save({"weight": matrix, "name": "x" * 300, "values": [1, 2.5, 2**40]}, f"protocol{protocol}", pickle_protocol=protocol)

    # What is not to be read.
    torch.save({"weight": matrix, "payload": Hostile()}, path("hostile.pt"))
    torch.save({"sparse": torch.eye(2).to_sparse()}, path("sparse.pt"))
    torch.save(torch.nn.Linear(2, 1), path("whole_module.pt"))
    torch.save({"z": torch.tensor([1j])}, path("complex.pt"))
    torch.save(network.state_dict(), path("legacy.pt"), _use_new_zipfile_serialization=False)
    torch.jit.script(torch.nn.Linear(2, 1)).save(path("torchscript.pt"))
    with open(path("bare_pickle.pt"), "wb") as file:
        pickle.dump({"a": 1}, file, protocol=2)
    with zipfile.ZipFile(path("other.zip.pt"), "w") as archive:
        archive.writestr(zipfile.ZipInfo("readme.txt"), "hello")
    cyclic = []
    cyclic.append(cyclic)
    torch.save(cyclic, path("cyclic.pt"))
    laughs = ["ha"] * 10
    for _ in range(20):
        laughs = [laughs] * 10
    torch.save(laughs, path("laughs.pt"))


if __name__ == "__main__":
    print("PyTorch", torch.__version__, "Python", sys.version.split()[0])
    main()
