"""
The safetensors format by its specification, with nothing but Python's own json and struct, as the peer of the tests:
  safetensors_format.py make          writes mixed.safetensors and mixed.txt beside it (made with Python 3.11, PyTorch 1.13.0)
  safetensors_format.py show FILE     shows the tensors of a file, in the order of its header, in the words of show.py
"""

import json
import os
import struct
import sys

import torch

from show import show

DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64, "I32": torch.int32,
    "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, tensor in tensors.items():
        elements = bytes(tensor.contiguous().flatten().view(torch.uint8).tolist())
        dtype = next(key for key, value in DTYPES.items() if value == tensor.dtype)
        header[name] = {"dtype": dtype, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(elements)]}
        data += elements
    text = json.dumps(header, ensure_ascii=False).encode("utf-8")
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def read(path):
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length).decode("utf-8"))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    ends = sorted(entry["data_offsets"] for entry in header.values())
    assert [0] + [end for _, end in ends] == [start for start, _ in ends] + [len(data)], "The tensors do not cover the data."
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        width = torch.empty(0, dtype=dtype).element_size()
        assert start % width == 0, "A tensor is not aligned."
        elements = torch.frombuffer(bytearray(data[start:end]), dtype=dtype) if end > start else torch.empty(0, dtype=dtype)
        tensors[name] = elements.reshape(entry["shape"])
    return {"tensors": tensors, "metadata": metadata}


def main():
    if sys.argv[1] == "show":
        sys.stdout.reconfigure(encoding="utf-8")
        print(show(read(sys.argv[2])), end="")
        return
    folder = os.path.dirname(os.path.abspath(__file__))
    tensors = {
        "float64": torch.tensor([1.0, -2.5], dtype=torch.float64), "int64": torch.tensor([-2**63, 2**63 - 1]),
        "float32": torch.tensor([[1.0, -2.5], [float("inf"), 3e-39]]), "int32": torch.tensor([-2**31], dtype=torch.int32),
        "scalar": torch.tensor(2.5), "empty": torch.empty(0, 3), "réseau.Δ": torch.arange(6.0).reshape(1, 2, 3),
        "float16": torch.tensor([1.5, -2.25, 65504], dtype=torch.float16), "bfloat16": torch.tensor([1.5, 3e38], dtype=torch.bfloat16),
        "int16": torch.tensor([-32768], dtype=torch.int16), "int8": torch.tensor([-128, 127], dtype=torch.int8),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8), "bool": torch.tensor([True, False]),
    }
    path = os.path.join(folder, "mixed.safetensors")
    write(path, tensors, {"format": "pt", "note": "two\nlines"})
    with open(os.path.join(folder, "mixed.txt"), "w", encoding="utf-8", newline="") as file:
        file.write(show(read(path)))


if __name__ == "__main__":
    main()
