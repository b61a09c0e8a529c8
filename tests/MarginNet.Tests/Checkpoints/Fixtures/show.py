"""Shows a checkpoint as text, as tests/MarginNet.Tests/Checkpoints/Shown.cs does: python3 show.py FILE [--weights-only]."""

import struct
import sys

import torch


def show(value):
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return "double " + struct.pack(">d", value).hex()
    if isinstance(value, (str, torch.dtype, torch.device)):
        return '"' + str(value) + '"'
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {show(item)}' for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(show, value)) + "]"
    if isinstance(value, torch.Tensor):
        elements = bytes(value.detach().contiguous().flatten().view(torch.uint8).tolist())
        return f"{value.dtype} [{', '.join(map(str, value.shape))}] {elements.hex()}"
    raise TypeError(type(value))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    print(show(torch.load(sys.argv[1], weights_only="--weights-only" in sys.argv)), end="")
