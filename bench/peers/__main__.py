"""Compares idinv-lite with PyTorch, ONNX Runtime, OpenVINO and ncnn on this machine, engine by engine in turn.

    cd bench
    python -m peers --quick --out results     # ten minutes on two cores
    python -m peers --full --out results      # every batch, thread count and resolution, and all of torch.compile
    python -m peers --full --family stylegan2 --resolution 1024 --parts networks,step,memory --out results2

Writes results.json, results.md and plots into the folder. A part that is measured is not measured again with the same
program and settings: after an interruption, the same command goes on. Nothing else should run on the machine: it warns
where something does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import platform
import sys
import time

from . import ROOT, checkpoints, report
from .families import FAMILIES
from .parts import PARTS, Settings, store
from .rounds import Machine

QUICK = ("networks", "step", "cold", "memory")
GIVEN = ("generator.pth", "encoder.pth", "vgg16.pth")
OURS = ["idinv-lite/f32/f32", "idinv-lite/f16/f32", "idinv-lite/f16/auto"]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--quick", action="store_true")
    size.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for results, plots and checkpoints")
    parser.add_argument("--checkpoints", type=pathlib.Path,
                        help="generator.pth, encoder.pth and vgg16.pth at full size; default: random ones, made once")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build" / "release" / "idinv-lite")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, help="turns of each engine; default 3 or 7")
    parser.add_argument("--runs", type=int, help="timed runs in each turn; default 3 or 5")
    parser.add_argument("--parts", help=f"comma-separated, of: {','.join(PARTS)}; default all, or with --quick {','.join(QUICK)}")
    parser.add_argument("--ours", default=",".join(OURS),
                        help="variants of idinv-lite, as idinv-lite/WEIGHTS/COMPUTE; default %(default)s")
    parser.add_argument("--family", choices=FAMILIES, default="stylegan",
                        help="in-domain StyleGAN, or StyleGAN2 with e4e's encoder; default %(default)s")
    parser.add_argument("--f32", action="store_true", help="peers in f32 only, not as they come")
    parser.add_argument("--resolution", type=int, default=256, help="of the random networks; default %(default)s")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out (--quick compiles the step only)")
    parser.add_argument("--again", action="store_true", help="measure parts again that are there")
    parser.add_argument("--size", action="append", default=[], metavar="NAME=N", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    unknown = set((chosen.parts or "").split(",")) - {""} - set(PARTS)
    if chosen.checkpoints and chosen.family != "stylegan":
        parser.error("--checkpoints: expected with --family stylegan only; others are random")
    if unknown:
        parser.error(f"--parts: no part '{min(unknown)}'; expected some of {', '.join(PARTS)}")
    chosen.program = chosen.program.resolve()
    if not os.access(chosen.program, os.X_OK):
        parser.error(f"--program: {chosen.program} is not there; build it with 'swift build -c release'")
    for name in GIVEN if chosen.checkpoints else ():
        if not (chosen.checkpoints / name).is_file():
            parser.error(f"--checkpoints: {chosen.checkpoints / name} is not there; expected {', '.join(GIVEN)}")
    return chosen


def settings(chosen: argparse.Namespace, sizes: dict[str, int]) -> Settings:
    full = chosen.full
    folder = chosen.out / "checkpoints"
    full_size = checkpoints.place(folder, chosen.resolution, sizes, chosen.family)
    if chosen.checkpoints:
        # Other files, or other contents, are other networks: what was made of the ones is not taken for the others'.
        files = [(chosen.checkpoints / name).resolve() for name in GIVEN]
        state = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
        full_size = folder / f"given-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:12]}"
        full_size.mkdir(parents=True, exist_ok=True)
        for name, path in zip(GIVEN, files):
            if not (full_size / name).exists():
                (full_size / name).symlink_to(path)
    machine = Machine(chosen.program, chosen.rounds or (7 if full else 3), chosen.runs or (5 if full else 3), progress=Line())
    every = [64, 128, 256, 512, 1024] if full else [64, 128, 256]
    return Settings(
        machine, folder, full_size, chosen.resolution, chosen.ours.split(","), chosen.threads, [1, 2, 4, 8] if full else [1, 4],
        sorted({1, 2, chosen.threads}), [resolution for resolution in every if full or resolution <= chosen.resolution],
        full and not chosen.no_compile, not chosen.no_compile, sizes, not chosen.f32, chosen.family)


def described(chosen: argparse.Namespace, given: Settings) -> dict:
    """The machine, the versions, and all that makes figures comparable."""
    from importlib import metadata

    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    def version(package: str) -> str:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return "absent"
    versions = {package: version(package) for package in ("torch", "onnxruntime", "openvino", "ncnn")}
    return {
        "cpu": model, "cpus": os.cpu_count(), "threads": given.threads, "versions": versions,
        "program_sha256": hashlib.sha256(chosen.program.read_bytes()).hexdigest(), "resolution": chosen.resolution,
        "rounds": given.machine.rounds, "runs": given.machine.runs, "full": chosen.full, "ours": given.ours,
        "compile": [given.compiles, given.compiles_steps], "as_they_come": given.as_they_come, "family": given.family, "sizes": given.sizes or {}, "networks": given.full_size.name,
        "checkpoints": str(chosen.checkpoints.resolve()) if chosen.checkpoints else "random"}


def main() -> None:
    chosen = arguments()
    sizes = {name: int(value) for name, value in (word.split("=") for word in chosen.size)}
    chosen.out = chosen.out.resolve()
    (chosen.out / "parts").mkdir(parents=True, exist_ok=True)
    given = settings(chosen, sizes)
    about = described(chosen, given)
    parts = [name for name in PARTS if name in chosen.parts.split(",")] if chosen.parts else list(
        PARTS if chosen.full else QUICK)

    def note(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    began = time.monotonic()
    if any(not current(chosen.out, name, about) or chosen.again for name in parts):
        note("networks and inputs …")
        checkpoints.prepare(given.full_size, chosen.resolution, sizes, chosen.family)
    for name in parts:
        if current(chosen.out, name, about) and not chosen.again:
            note(f"{name}: there already")
            continue
        note(f"{name} …")
        started, load = time.monotonic(), other_load()
        if load > 0.1:
            note(f"{name}: other programs take {load:.1f} CPUs: figures will be noisy")
        values = PARTS[name](given)
        given.machine.progress("")
        store(chosen.out / "parts" / f"{name}.json",
              {"about": about, "seconds": time.monotonic() - started, "other_load": load, "values": values})
        note(f"{name}: {time.monotonic() - started:.0f} s")
    collected = {name: current(chosen.out, name, about) for name in PARTS}
    collected = {name: part for name, part in collected.items() if part}
    store(chosen.out / "results.json", {"about": about} | {name: part["values"] for name, part in collected.items()})
    report.write(chosen.out, about, {name: part["values"] for name, part in collected.items()})
    note(f"{chosen.out / 'results.md'} ({time.monotonic() - began:.0f} s)")


class Line:
    """What is being done, in one line of the terminal that is written over; nowhere else."""

    def __init__(self):
        self.began = time.monotonic()

    def __call__(self, text: str) -> None:
        if sys.stderr.isatty():
            minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
            print(f"\r\033[K{minutes}:{seconds:02} {text}" if text else "\r\033[K", end="", file=sys.stderr, flush=True)


def other_load(seconds: float = 1.0) -> float:
    """How many CPUs other programs take, seen while this one sleeps."""
    def busy() -> float:
        user, nice, system, _, _, *rest = map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
        return (user + nice + system + sum(rest[:3])) / os.sysconf("SC_CLK_TCK")

    before, began = busy(), time.monotonic()
    time.sleep(seconds)
    return max(0.0, (busy() - before) / (time.monotonic() - began))


def current(out: pathlib.Path, part: str, about: dict) -> dict | None:
    """A measured part, if it is of the same program, machine and settings."""
    try:
        stored = json.loads((out / "parts" / f"{part}.json").read_text())
    except (OSError, ValueError):
        return None
    return stored if stored.get("about") == about else None


if __name__ == "__main__":
    main()
