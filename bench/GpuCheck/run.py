#!/usr/bin/env python3
"""Compares a GPU with the CPU, and MarginNet's speed with PyTorch's, within 7 minutes. Needs the Python that has PyTorch, and nothing else.

usage: run [--device cuda|cpu] [--torch auto|FOLDER] [--short] [--brief] [--out FOLDER] [--limit 405]
Writes gpu-check.json and gpu-check.log to the folder; exit code 1 if a check failed. A goal that is missed is 'below', and no failure.
"""
import argparse
import json
import lzma
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FAST_GOAL = 20  # Seconds of the fast preset on 10,000 images.
LEAST_ACCURACY = 0.6  # Of the fast preset on CIFAR-10's 10,000 images; CPUs reach some 0.75.
BRIEF_SPEED = ["--seconds", 0.4, "--images", 6400]
TESTS = ["CudaFactAttribute", "PythonFactAttribute"]  # Those that skip where there is no GPU, or no PyTorch.


class Run:
    """The steps so far, written to the files after each."""

    def __init__(self, options, work):
        self.options, self.work, self.start = options, work, time.monotonic()
        self.program = work / "program"
        self.result = {"device": options.device, "short": options.short, "machine": {}, "steps": [], "findings": [], "speed": []}
        options.out.mkdir(parents=True, exist_ok=True)
        self.log = open(options.out / "gpu-check.log", "w", encoding="utf-8")
        self.environment = {
            **os.environ,
            "MARGINNET_TORCH": options.torch,
            "MARGINNET_TORCH_ANY_VERSION": "1",
            "DOTNET_EnableDiagnostics": "0",
            "XDG_CACHE_HOME": str(work / "cache"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        }

    def step(self, name, limit, command, environment=None):
        """Runs a command; returns its lines of JSON, its seconds and whether it went well."""
        left = self.options.limit - (time.monotonic() - self.start)
        if left < 5:
            self.add(name, "failed", note="no time was left for it")
            return [], 0, False
        print(f"{time.monotonic() - self.start:5.0f} s  {name}", flush=True)
        begin = time.monotonic()
        self.log.write(f"== {name}: {' '.join(map(str, command))}\n")
        self.log.flush()
        output, errors, code = self.start_and_wait(command, min(limit, left), environment)
        seconds = time.monotonic() - begin
        self.log.write(f"{output}{errors}\n== exit code {code} after {seconds:.1f} s\n")
        self.log.flush()
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{") and line.endswith("}")]
        self.result["steps"].append({"name": name, "seconds": round(seconds, 2), "exit_code": code})
        for line in lines:
            if "verdict" in line:
                self.result["findings"].append({"step": name, **line})
        if code != 0:
            reason = "its time was up" if code is None else f"exit code {code}"
            if not any(line.get("verdict") == "failed" for line in lines):
                self.add(name, "failed", note=f"{reason}: {last(errors) or last(output)}")
            print("\n".join("        " + line for line in (errors or output).strip().splitlines()[-12:]), flush=True)
        self.save()
        return lines, seconds, code == 0

    def start_and_wait(self, command, limit, environment):
        # Into files: whatever a process has printed stays if it is killed.
        with tempfile.TemporaryFile("w+", dir=self.work) as output, tempfile.TemporaryFile("w+", dir=self.work) as errors:
            process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=self.work,
                                       env=environment or self.environment)
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                code = None
            output.seek(0)
            errors.seek(0)
            return output.read(), errors.read(), code

    def check(self, name, limit, *command):
        arguments = ["--device", self.options.device] + (["--short"] if self.options.short else [])
        return self.step(name, limit, [self.program / "GpuCheck", *command, *arguments])

    def peer(self, name, limit, *command):
        arguments = ["--device", self.options.device] + (["--short"] if self.options.short else [])
        return self.step(name, limit, [sys.executable, "-B", HERE / "peer.py", *command, *arguments])

    def add(self, what, verdict, reference=None, found=None, limit=None, note=None, step=None):
        self.result["findings"].append(
            {"step": step or what, "what": what, "reference": reference, "found": found, "limit": limit, "note": note, "verdict": verdict})

    def save(self):
        self.result["seconds"] = round(time.monotonic() - self.start, 1)
        (self.options.out / "gpu-check.json").write_text(json.dumps(self.result, indent=1) + "\n", encoding="utf-8")


def last(text):
    return text.strip().splitlines()[-1][:300] if text.strip() else ""


def unpack(archive, folder):
    with lzma.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        tar.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def unpack_images(archive, folder):
    """Decodes CIFAR-10's pictures into its binary files, five of training and one of test images."""
    from PIL import Image

    parts = {"train": [], "test": []}
    with lzma.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        for entry in tar:
            part, name, _ = entry.name.split("/")
            image = Image.open(tar.extractfile(entry)).convert("RGB")
            parts[part].append((name, b"".join(channel.tobytes() for channel in image.split())))
    names = sorted({name for name, _ in parts["train"]})
    records = {part: [bytes([names.index(name)]) + pixels for name, pixels in images] for part, images in parts.items()}
    folder.mkdir()
    for batch in range(5):
        (folder / f"data_batch_{batch + 1}.bin").write_bytes(b"".join(records["train"][batch::5]))
    (folder / "test_batch.bin").write_bytes(b"".join(records["test"]))
    return {part: len(images) for part, images in records.items()}


def machine(run):
    def read(command):
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return None

    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    lines, _, _ = run.step("machine", 60, [sys.executable, "-B", HERE / "peer.py", "machine"])
    run.result["machine"] = {
        "gpu": read(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]),
        "driver": read(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]),
        "cpu": models[0] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        **(lines[0] if lines else {}),
    }
    for key, value in run.result["machine"].items():
        print(f"        {key}: {value}", flush=True)


def prepare(run):
    """Unpacks the programs and the images; returns the options that name the data and whether it is CIFAR-10."""
    unpack(HERE / "program.tar.xz", run.program)
    archive = HERE / "images.tar.xz"
    if not archive.exists():
        run.add("images", "note", note="none are in this folder: drawn shapes instead")
        return ["--data", "synthetic"], False
    try:
        counts = unpack_images(archive, run.work / "data")
    except ImportError:
        run.add("images", "note", note="Pillow is not installed: drawn shapes instead")
        return ["--data", "synthetic"], False
    run.add("images", "ok", note=f"CIFAR-10, {counts['train']} to train and {counts['test']} to test")
    return ["--data", "cifar10", "--data-dir", run.work / "data"], True


def train(run, name, limit, *arguments):
    """Trains by the tool as a user does; returns its summary, and the seconds of the whole command."""
    sizes = ["--limit-train", 200, "--limit-test", 50, "--width", 8] if run.options.short else []
    summary = run.work / "summary.json"
    summary.unlink(missing_ok=True)
    _, seconds, went_well = run.step(
        name, limit,
        [run.program / "MarginNet.Cli", "train", "--mu", 50, *arguments, *sizes, "--device", run.options.device, "--quiet", "--json", summary,
         "--out", run.work / "m.pt"])
    return (json.loads(summary.read_text()) if went_well else None), seconds


def train_fast(run, data, is_cifar, *arguments):
    name = " ".join(["train --preset fast", *arguments])
    epochs = ["--epochs", 2] if run.options.short else []
    summary, seconds = train(run, name, 90, "--preset", "fast", *epochs, *data, *arguments)
    if summary:
        accuracy = summary["test_accuracy"]
        is_full = not run.options.short
        run.add(f"{name}, seconds", "note" if not is_full or run.options.device == "cpu" else "ok" if seconds < FAST_GOAL else "below",
                reference=FAST_GOAL, found=seconds, note="the whole command, the goal beside it", step=name)
        wanted = LEAST_ACCURACY if is_cifar and is_full else 0
        run.add(f"{name}, test accuracy", "ok" if accuracy >= wanted else "failed", reference=wanted, found=accuracy, note="at least",
                step=name)


def train_paper(run, data):
    name = "train by the paper's setting, 2 epochs"
    summary, seconds = train(run, name, 120, "--epochs", 2, *data)
    if summary:
        run.add(f"{name}, seconds", "ok", found=seconds, step=name)


def speed(run, setting, *arguments):
    """Measures MarginNet and PyTorch in one setting, each with kernels in either order; a row for each network, work and batch."""
    options = [*arguments, *(BRIEF_SPEED if run.options.brief else [])]
    other = options if arguments else None  # In float32 the order matters less.
    own, _, _ = run.check(f"speed, {setting}", 60, "speed", *options)
    plain, _, _ = run.peer(f"speed of PyTorch, {setting}", 60, "speed", *options)
    last_channels = run.peer(f"speed of PyTorch, {setting}, channels last", 60, "speed", "--channels-last", *other)[0] if other else []
    if setting == "TF32" and run.options.brief:
        other = None
    row_by_row = run.check(f"speed, {setting}, kernels row by row", 60, "speed", "--contiguous-kernels", *other)[0] if other else []

    def figure(lines, row):
        found = [line["images_per_second"] for line in lines if all(line[key] == row[key] for key in ("network", "work", "batch"))]
        return found[0] if found else None

    for row in own:
        theirs = figure(plain, row)
        ratio = row["images_per_second"] / theirs if theirs else None
        run.result["speed"].append({
            "setting": setting, "network": row["network"], "work": row["work"], "batch": row["batch"], "marginnet": row["images_per_second"],
            "marginnet_row_by_row": figure(row_by_row, row), "pytorch": theirs,
            "pytorch_channels_last": figure(last_channels, row), "ratio": ratio,
            "verdict": "note" if ratio is None or run.options.short else "ok" if ratio >= 1 else "below",
        })
    run.save()


def number(value):
    return "" if value is None else value if isinstance(value, str) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, *rows]:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def summarize(run):
    findings, rows = run.result["findings"], run.result["speed"]
    print()
    shown = [f for f in findings if f["step"] != "tests" or f["verdict"] == "failed"]
    device = "GPU" if run.options.device == "cuda" else "device"
    table(["check", "CPU", device, "at most", "verdict"],
          [[f["what"][:90], number(f["reference"]), number(f["found"]), number(f["limit"]), f["verdict"]] for f in shown])
    tests = [f["verdict"] for f in findings if f["step"] == "tests"]
    print(f"tests: {tests.count('ok')} passed, {tests.count('failed')} failed, {tests.count('note')} skipped\n")
    table(["images per second", "batch", "MarginNet", "kernels row by row", "PyTorch", "ratio", "PyTorch, channels last", "verdict"],
          [[f"{r['work']} {r['network']}, {r['setting']}", str(r["batch"]), number(r["marginnet"]), number(r["marginnet_row_by_row"]),
            number(r["pytorch"]), number(r["ratio"]), number(r["pytorch_channels_last"]), r["verdict"]] for r in rows])
    for finding in findings:
        if finding["verdict"] in ("failed", "note") and finding["note"]:
            print(f"{finding['verdict']}: {finding['what']}: {finding['note']}")
    verdicts = [entry["verdict"] for entry in findings + rows]
    run.result["summary"] = {verdict: verdicts.count(verdict) for verdict in ("ok", "failed", "below", "note")}
    run.save()
    print(f"\n{run.result['summary']} in {run.result['seconds']:.0f} s; {run.options.out / 'gpu-check.json'}")
    return 1 if "failed" in verdicts else 0


def exchange(run):
    run.check("exchange", 60, "exchange", run.work / "exchange", *(["--short"] if run.options.brief and not run.options.short else []))
    run.peer("agreement with PyTorch", 60, "agree", run.work / "exchange")


def tests(run):
    run.step("tests", 90, [run.program / "GpuCheck", "tests", *(TESTS[:1] if run.options.brief else TESTS)])


def everything(run, data, is_cifar):
    run.step("doctor", 60, [run.program / "MarginNet.Cli", "doctor"])
    run.check("compare", 120, "compare")
    train_fast(run, data, is_cifar)
    exchange(run)
    speed(run, "float32")
    if run.options.device == "cuda" or run.options.short:
        speed(run, "bfloat16", "--precision", "bfloat16")
        speed(run, "TF32", "--tf32")
    if run.options.device == "cuda":
        train_fast(run, data, is_cifar, "--precision", "bfloat16")
    train_paper(run, data)
    run.check("memory", 60, "memory")
    run.check("the same seed twice", 60, "repeat")
    tests(run)


def brief(run, data, is_cifar):
    """What matters most, first, within 3 minutes."""
    run.check("files", 30, "files")
    exchange(run)
    tests(run)
    run.check("the same seed twice", 30, "repeat")
    speed(run, "bfloat16", "--precision", "bfloat16")
    speed(run, "TF32", "--tf32")
    speed(run, "float32")
    if run.options.device == "cuda" or run.options.short:
        train_fast(run, data, is_cifar, "--precision", "bfloat16")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--torch", default="auto", help="what MarginNet computes with; the rest is measured with this Python's PyTorch")
    parser.add_argument("--short", action="store_true", help="small sizes, to see that everything runs")
    parser.add_argument("--brief", action="store_true", help="files, agreement, tests of the GPU, and speed, within 3 minutes")
    parser.add_argument("--out", type=Path, default=Path("."))
    parser.add_argument("--limit", type=float, default=405, help="seconds after which no step is begun or goes on")
    options = parser.parse_args()
    options.out = options.out.resolve()
    work = Path(tempfile.mkdtemp(prefix="gpu-check-"))
    run = Run(options, work)
    try:
        data, is_cifar = prepare(run)
        machine(run)
        loading = {key: value for key, value in run.environment.items() if key != "MARGINNET_TORCH"} | {"GPU_CHECK_TORCH": options.torch}
        run.step("load", 90, [run.program / "GpuCheck", "load", "--device", options.device], loading)
        (brief if options.brief else everything)(run, data, is_cifar)
        return summarize(run)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
