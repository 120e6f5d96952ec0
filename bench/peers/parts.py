"""What is measured: one function per part, each giving a value that JSON can hold."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from . import checkpoints
from .engines import Task, Unavailable
from .engines.idinv import converted, run
from .families import family
from .rounds import Machine, Worker, alternate

FORWARD = ("pytorch", "onnxruntime", "openvino", "ncnn")
AS_THEY_COME = ("pytorch-bf16", "onnxruntime-int8", "openvino-auto", "ncnn-bf16")
PLAIN = "idinv-lite/f32/f32"


@dataclasses.dataclass
class Settings:
    machine: Machine
    folder: pathlib.Path  # where checkpoints of all resolutions lie
    full_size: pathlib.Path  # the checkpoints at the published size …
    resolution: int  # … and theirs
    ours: list[str]
    threads: int
    batches: list[int]
    thread_counts: list[int]
    resolutions: list[int]
    compiles: bool  # whether torch.compile runs every network …
    compiles_steps: bool  # … or the step in bf16
    sizes: dict[str, int] | None = None
    as_they_come: bool = True  # whether peers run in the arithmetic that they choose, beside f32
    family: str = "stylegan"

    @property
    def program(self) -> pathlib.Path:
        return self.machine.program


def networks(settings: Settings) -> dict:
    """Each network forward, at the published size, batch 1."""
    engines = [*settings.ours, *FORWARD, *(["pytorch-compiled"] if settings.compiles else [])]
    if settings.as_they_come:
        engines += [*AS_THEY_COME, *(["pytorch-compiled-bf16"] if settings.compiles else [])]
    return {network: alternate(settings.machine, engines, network, settings.full_size, 1, settings.threads)
            for network in family(settings.full_size).NETWORKS}


def step(settings: Settings) -> dict:
    """One refinement step: forward and backward of all three terms."""
    engines = [*settings.ours, "pytorch", "pytorch-cached", *(["pytorch-compiled"] if settings.compiles else [])]
    if settings.as_they_come:
        # Compiled in bf16 whatever else is compiled: it is the fastest.
        engines += ["pytorch-bf16", *(["pytorch-compiled-bf16"] if settings.compiles_steps else [])]
    return {"step": alternate(settings.machine, engines, "step", settings.full_size, 1, settings.threads)}


def batches(settings: Settings) -> dict:
    """Generator and step over batch sizes; {network: {batch: engines}}."""
    peers = {"generator": ["openvino", "pytorch"], "step": []}
    # The losses that the command logs are those of one image: its step at other batches is checked by its own tests.
    return {network: {str(batch): alternate(settings.machine, [PLAIN, *peers[network]], network, settings.full_size, batch,
                                            settings.threads) for batch in settings.batches} for network in peers}


def threads(settings: Settings) -> dict:
    """Generator, encoder and step over numbers of threads; {network: {threads: engines}}."""
    peers = {"generator": ["openvino"], "encoder": ["openvino"], "step": []}
    return {network: {str(count): alternate(settings.machine, [PLAIN, *peers[network]], network, settings.full_size, 1,
                                            count) for count in settings.thread_counts} for network in peers}


def resolutions(settings: Settings) -> dict:
    """idinv-lite over resolutions; {network: {resolution: engines}}."""
    results: dict[str, dict] = {"generator": {}, "step": {}}
    for resolution in settings.resolutions:
        folder = settings.full_size
        if resolution != settings.resolution:
            folder = checkpoints.prepare(
                checkpoints.place(settings.folder, resolution, settings.sizes, settings.family), resolution,
                settings.sizes, settings.family)
        for network in results:
            results[network][str(resolution)] = alternate(settings.machine, [PLAIN], network, folder, 1, settings.threads)
    return results


def cold(settings: Settings) -> dict:
    """Process start to first encoder output, taking turns; {what: {"median_s", "rounds_s"} or why there is none}.

    Files are in the page cache. Peers pay for starting Python and importing their library, as their users do.
    """
    results: dict[str, dict] = {}
    seconds: dict[str, list[float]] = {}
    model = converted(settings.full_size, "f16", settings.program)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        import numpy

        numpy.save(scratch / "x.npy", Task("encoder", settings.full_size, 1, settings.threads).input())
        commands = {"idinv-lite, f16 weights": [
            settings.program, "forward", "encoder", "--model", model, "--threads", settings.threads, "--input",
            scratch / "x.npy", "--output", scratch / "y.npy", "--quiet"]}
        if _has_shipped(settings.program):
            from . import ROOT

            example = min((ROOT / "models" / "examples").glob("*.png"))
            commands["idinv-lite, shipped model, from a picture"] = [
                settings.program, "encode", example, "--threads", settings.threads, "-o", scratch, "--quiet"]
        # The first turn does not count: it exports what has not been exported, and brings files into the page cache.
        for turn in range(settings.machine.rounds + 1):
            for name, command in commands.items():
                began = time.perf_counter()
                run(command)
                if turn > 0:
                    seconds.setdefault(name, []).append(time.perf_counter() - began)
            for engine in FORWARD:
                if engine in results:
                    continue
                began = time.perf_counter()
                worker = Worker(settings.machine, engine, "encoder", settings.full_size, 1, settings.threads, once=True)
                state = worker.read()
                elapsed = time.perf_counter() - began
                worker.end()
                if not state.get("ready"):
                    results[engine] = state
                    seconds.pop(engine, None)
                elif turn > 0:
                    seconds.setdefault(engine, []).append(elapsed)
    return results | {name: {"median_s": statistics.median(values), "rounds_s": values}
                      for name, values in seconds.items()}


def _has_shipped(program: pathlib.Path) -> bool:
    return subprocess.run([str(program), "info", "--json"], capture_output=True, check=False).returncode == 0


def memory(settings: Settings) -> dict:
    """Peak memory (VmHWM) of a whole `invert`, and bytes of each engine's files."""
    peaks: dict[str, dict] = {}
    budgets: list[list] = [[]] + ([["--memory-budget", "1G"]] if settings.family == "stylegan2" else [])
    for engine, budget in ((engine, budget) for engine in settings.ours for budget in budgets):
        _, weights, compute = engine.split("/")
        name = engine + (f" {budget[1]}" if budget else "")
        with tempfile.TemporaryDirectory() as scratch:
            try:
                model = converted(settings.full_size, weights, settings.program)
                peaks[name] = {"peak_bytes": peak_of([
                    settings.program, "invert", settings.full_size / "image.png", "--model", model, "--threads",
                    settings.threads, "--compute", compute, "--iterations", 3, *budget, "-o", scratch, "--quiet"])}
            except Unavailable as reason:
                peaks[name] = {"unavailable": str(reason)}
            except RuntimeError as reason:
                peaks[name] = {"failed": str(reason)}
    files = {}
    for path in sorted(settings.full_size.iterdir()):
        if path.suffix in (".pth", ".onnx", ".idinv", ".bin"):
            files[path.name] = path.stat().st_size
    return {"invert": peaks, "file_bytes": files}


def peak_of(command: list) -> int:
    """VmHWM of a program, looked at every few milliseconds until it ends."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=errors)
        status, peak = pathlib.Path(f"/proc/{process.pid}/status"), 0
        while process.poll() is None:
            # Right after the fork the process still is a copy of this one, under this one's name.
            text = status.read_text() if status.exists() else ""
            if text.startswith("Name:\t" + pathlib.Path(str(command[0])).name[:15]):
                for line in text.splitlines():
                    if line.startswith("VmHWM:"):
                        peak = max(peak, int(line.split()[1]) * 1024)
            time.sleep(0.003)
        errors.seek(0)
        text = errors.read().strip()
        if process.returncode == 69:
            raise Unavailable(text)
        if process.returncode:
            raise RuntimeError(f"exit code {process.returncode}: {text}")
        return peak


PARTS = {part.__name__: part for part in (networks, step, threads, batches, cold, memory, resolutions)}


def store(path: pathlib.Path, value: object) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(partial, path)
