"""Engines that take turns: all are ready before the first turn, and only one runs at a time."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import typing

import numpy

from . import ROOT
from .engines import is_f32, is_ours

PAUSE_SECONDS = 0.05  # for the threads of the engine before to go to sleep
REFERENCE = "pytorch"


@dataclasses.dataclass
class Machine:
    """What all measurements of a run have in common."""

    program: pathlib.Path
    rounds: int
    runs: int
    timeout: float = 1200
    progress: typing.Callable[[str], None] = lambda _: None  # told what is being done


class Tolerance(typing.NamedTuple):
    """What an output may differ from the reference, in units of the reference's largest value; `loss`, what each loss of
    the second step may differ, in units of itself: it went through a whole backward pass, and Adam's first step divides
    by the gradient's size."""

    largest: float
    rms: float
    loss: float


def tolerance(engine: str) -> Tolerance:
    """Engines in f32 differ by their order of additions. Stored halves and bytes, and products of 16 bits, are rounded, and
    a network of random weights carries the rounding of one pixel far: they are judged by the mean (0.01 is 46 dB for
    images in [-1, 1]), and the largest difference shows that no part of the output is wrong.
    """
    if not is_ours(engine):
        return Tolerance(5e-3, 5e-3, 1e-2) if is_f32(engine) else Tolerance(1.0, 0.1, 0.6)
    _, weights, compute = engine.split("/")
    if "int8" in (weights, compute):
        return Tolerance(0.3, 0.1, 0.6)
    if weights == "f16" or compute in ("f16", "auto"):
        return Tolerance(0.1, 0.01, 0.1)
    return Tolerance(5e-3, 5e-3, 1e-2)


class Worker:
    """A started `peers.worker`."""

    def __init__(self, machine: Machine, engine: str, network: str, folder: pathlib.Path, batch: int, threads: int,
                 output: pathlib.Path | None = None, once: bool = False):
        self.engine, self.timeout = engine, machine.timeout
        command = [sys.executable, "-m", "peers.worker", engine, network, str(folder), "--batch", str(batch), "--threads",
                   str(threads), "--program", str(machine.program)]
        command += ["--output", str(output)] if output else []
        command += ["--once"] if once else []
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(ROOT / "bench"), environment.get("PYTHONPATH")]))
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (lives as long as the process)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=environment)

    def read(self) -> dict:
        """The next answer."""
        import select

        ready, _, _ = select.select([self.process.stdout], [], [], self.timeout)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        if not ready:
            self.process.kill()
            return {"failed": f"no answer within {self.timeout:.0f} s"}
        code = self.process.wait()
        self.errors.seek(0)
        last = (self.errors.read().strip().splitlines() or ["no reason given"])[-1]
        return {"failed": f"ended with {code}: {last[:300]}"}

    def ask(self, **request) -> dict:
        with contextlib.suppress(BrokenPipeError):  # Then `read` tells why the worker ended.
            print(json.dumps(request), file=self.process.stdin, flush=True)
        return self.read()

    def end(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def compare(engine: str, output: numpy.ndarray, reference: numpy.ndarray, is_step: bool) -> tuple[dict, str | None]:
    """The differences and, if they are too large, what is wrong. Losses are compared one by one, each by its own size;
    tensors by their largest value."""
    output = output.reshape(reference.shape) if output.size == reference.size else output
    if output.shape != reference.shape:
        return {}, f"wrong shape {list(output.shape)}, expected {list(reference.shape)}"
    size = numpy.maximum(numpy.abs(reference) if is_step else numpy.abs(reference).max(), 1e-12)
    difference = numpy.abs(output - reference) / size
    largest, mean = float(difference.max()), float(numpy.sqrt(numpy.square(difference, dtype="float64").mean()))
    figures = {"relative_difference": largest, "rms_difference": mean}
    allowed = tolerance(engine)
    bounds = [("", largest, allowed.loss)] if is_step else [
        ("", largest, allowed.largest), (" (root mean square)", mean, allowed.rms)]
    for kind, value, limit in bounds:
        if not value <= limit:
            return figures, f"differs from PyTorch by {value:.3g} of the largest value{kind}, allowed {limit:.3g}"
    return figures, None


def alternate(machine: Machine, engines: list[str], network: str, folder: pathlib.Path, batch: int, threads: int) -> dict:
    """Times `engines` on one network, round after round; {engine: figures or why there are none}.

    `rounds_s` has the median of each round, so that ratios can be taken within a round: machines drift. Where the reference is among them, an engine whose output is not the reference's is not
    timed.
    """
    results: dict[str, dict] = {}
    workers: dict[str, Worker] = {}
    scratch = tempfile.TemporaryDirectory()
    try:
        reference = None
        for index, engine in enumerate(sorted(engines, key=lambda name: name != REFERENCE)):
            machine.progress(f"{network}: {engine} gets ready")
            path = pathlib.Path(scratch.name) / f"{index}.npy"
            worker = Worker(machine, engine, network, folder, batch, threads, path)
            began = time.perf_counter()
            state = worker.read()
            results[engine] = {"ready_s": time.perf_counter() - began}
            if not state.get("ready"):
                results[engine] = state
                worker.end()
                continue
            output = numpy.load(path)
            if engine == REFERENCE:
                reference = output
            if REFERENCE in engines and reference is None:
                results[engine]["failed"] = "PyTorch gave nothing to compare with"
                worker.end()
                continue
            if reference is not None:
                differences, problem = compare(engine, output, reference, network == "step")
                results[engine].update(differences)
                if problem:
                    results[engine]["failed"] = problem
                    worker.end()
                    continue
            workers[engine] = worker
        seconds: dict[str, list[float]] = {engine: [] for engine in workers}
        for number in range(machine.rounds):
            for engine, worker in list(workers.items()):
                machine.progress(f"{network}: round {number + 1} of {machine.rounds}, {engine}")
                time.sleep(PAUSE_SECONDS)
                state = worker.ask(runs=machine.runs)
                if "seconds" in state:
                    seconds[engine].append(statistics.median(state["seconds"]))
                else:
                    results[engine].update(state)
                    workers.pop(engine).end()
        for engine, worker in workers.items():
            results[engine].update(worker.ask())
            results[engine].update(median_s=statistics.median(seconds[engine]), rounds_s=seconds[engine])
    finally:
        for worker in workers.values():
            worker.end()
        scratch.cleanup()
    return {engine: results[engine] for engine in engines}
